package jpegpre.android

import com.google.ai.edge.litert.Accelerator
import com.google.ai.edge.litert.CompiledModel
import com.google.ai.edge.litert.Environment
import com.google.ai.edge.litert.LiteRtException
import com.google.ai.edge.litert.TensorBuffer
import java.nio.ByteBuffer
import java.nio.FloatBuffer
import kotlin.math.round
import kotlin.math.sqrt

/**
 * The network as LiteRT 2's `CompiledModel`, which has no other sizes than the exported tile's.
 *
 * Takes models of all three precisions. Graphics processors want FP16 or FP32.
 */
public class CompiledModelNetwork private constructor(private val model: CompiledModel, private val isFloat: Boolean) : TileNetwork {
    override val tileSide: Int
    private val edit: Signature
    private val decide: Signature

    // Java's arrays are what tensor buffers are written from.
    private val bytes: ByteArray
    private val floats: FloatArray

    init {
        val size = model.getInputBufferRequirements("image", "edit").bufferSize
        val side = sqrt(size / 3.0 / if (isFloat) 4 else 1).toInt()
        if (3 * side * side * (if (isFloat) 4 else 1) != size || side % 16 != 0 || side == 0) {
            throw JpegpreException(ErrorCode.MODEL, "expected square tiles of RGB; received an input of $size bytes")
        }
        tileSide = side
        bytes = ByteArray(if (isFloat) 0 else 3 * side * side)
        floats = FloatArray(if (isFloat) 3 * side * side else 0)
        edit = Signature("edit", listOf("output"))
        decide = Signature("decide", listOf("luma", "chroma"))
    }

    override fun edit(levels: ByteBuffer, conditions: Conditions, result: ByteBuffer) {
        edit.run(levels, conditions)
        val output = edit.outputs.getValue("output")
        if (isFloat) {
            // The graph rounds and clips already; a model that does not must still not wrap around.
            output.readFloat().forEachIndexed { i, level ->
                result.put(result.position() + i, round(level).coerceIn(0f, 255f).toInt().toByte())
            }
        } else {
            result.duplicate().put(output.readInt8())
        }
    }

    override fun decide(levels: ByteBuffer, conditions: Conditions, luma: FloatBuffer, chroma: FloatBuffer) {
        decide.run(levels, conditions)
        for ((name, into) in mapOf("luma" to luma, "chroma" to chroma)) {
            into.startOver()
            into.put(decide.outputs.getValue(name).readFloat())
        }
    }

    override fun close() {
        (edit.all + decide.all).forEach { it.close() }
        model.close()
    }

    /** One signature with its buffers, which are kept from tile to tile. */
    private inner class Signature(private val name: String, outputNames: List<String>) {
        val inputs: Map<String, TensorBuffer> =
            listOf("image", "luma_table", "chroma_table", "strength").associateWith { model.createInputBuffer(it, name) }
        val outputs: Map<String, TensorBuffer> = outputNames.associateWith { model.createOutputBuffer(it, name) }
        val all: List<TensorBuffer> get() = inputs.values + outputs.values

        fun run(levels: ByteBuffer, conditions: Conditions) {
            val image = inputs.getValue("image")
            if (isFloat) {
                for (i in floats.indices) floats[i] = (levels.get(levels.position() + i).toInt() and 0xff).toFloat()
                image.writeFloat(floats)
            } else {
                levels.duplicate().get(bytes)
                image.writeInt8(bytes)
            }
            for ((input, values) in conditions.values) inputs.getValue(input).writeFloat(values)
            model.run(inputs, outputs, name)
        }
    }

    public companion object {
        /**
         * @param options Accelerators and their options, as LiteRT has them. By default the processor with one thread:
         *     tiles are shared out to threads already.
         * @param environment For accelerators that need one; not closed.
         * @throws JpegpreException MODEL
         */
        @JvmStatic
        @JvmOverloads
        public fun open(
            model: ModelFile,
            options: CompiledModel.Options = oneThread(),
            environment: Environment? = null,
        ): CompiledModelNetwork {
            var compiled: CompiledModel? = null
            try {
                val assets = model.assets
                compiled = if (assets == null) {
                    CompiledModel.create(model.path, options, environment)
                } else {
                    CompiledModel.create(assets, model.path, options, environment)
                }
                return CompiledModelNetwork(compiled, isFloat = model.precision != Precision.INT8)
            } catch (error: Throwable) {
                compiled?.close()
                throw when (error) {
                    is LiteRtException, is RuntimeException ->
                        JpegpreException(ErrorCode.MODEL, "LiteRT cannot run this model: ${error.firstLine()}", error)
                    is LinkageError -> JpegpreException(
                        ErrorCode.MODEL,
                        "LiteRT's library is not in this app, or not for this processor: ${error.firstLine()}",
                        error,
                    )
                    else -> error
                }
            }
        }

        private fun oneThread() = CompiledModel.Options(Accelerator.CPU).apply {
            cpuOptions = CompiledModel.CpuOptions(numThreads = 1)
        }
    }
}
