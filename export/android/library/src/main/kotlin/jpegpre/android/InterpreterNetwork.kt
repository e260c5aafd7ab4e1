package jpegpre.android

import java.nio.ByteBuffer
import java.nio.ByteOrder
import java.nio.FloatBuffer
import kotlin.math.round
import org.tensorflow.lite.DataType
import org.tensorflow.lite.Interpreter

/**
 * The network in TensorFlow Lite's interpreter (LiteRT 1, or org.tensorflow:tensorflow-lite).
 *
 * At the exported tile size: the interpreter cannot give a signature another one. Takes models of all three precisions.
 */
public class InterpreterNetwork private constructor(private val interpreter: Interpreter) : TileNetwork {
    override val tileSide: Int
    private val isFloat: Boolean

    // Only for float models, in the tensor's own type.
    private val floatLevels: ByteBuffer
    private val floatResult: ByteBuffer

    init {
        val signatures = interpreter.signatureKeys.toSet()
        if (!signatures.containsAll(setOf(EDIT, DECIDE))) {
            throw JpegpreException(
                ErrorCode.MODEL,
                "expected a network with the signatures $EDIT and $DECIDE (version 5 or later); " +
                    "received ${signatures.sorted().joinToString().ifEmpty { "none" }}",
            )
        }
        for (signature in listOf(EDIT, DECIDE)) {
            val names = interpreter.getSignatureInputs(signature).sorted()
            if (names != INPUTS) {
                throw JpegpreException(
                    ErrorCode.MODEL,
                    "expected a network with inputs ${INPUTS.joinToString()}; received ${names.joinToString()}",
                )
            }
        }
        val image = interpreter.getInputTensorFromSignature("image", EDIT)
        val result = interpreter.getOutputTensorFromSignature("output", EDIT)
        val shape = image.shape()
        if (image.dataType() != result.dataType() || image.dataType() !in listOf(DataType.UINT8, DataType.FLOAT32)) {
            throw JpegpreException(
                ErrorCode.MODEL,
                "expected UINT8 or FLOAT32 levels in and out; received ${image.dataType()} and ${result.dataType()}",
            )
        }
        if (shape.size != 4 || shape[1] != shape[2] || shape[1] % 16 != 0 || shape[1] == 0) {
            throw JpegpreException(ErrorCode.MODEL, "expected square tiles; received an input of ${shape.joinToString(" x ")}")
        }
        tileSide = shape[1]
        isFloat = image.dataType() == DataType.FLOAT32
        val size = if (isFloat) 3 * tileSide * tileSide else 0
        floatLevels = floats(size)
        floatResult = floats(size)
    }

    override fun edit(levels: ByteBuffer, conditions: Conditions, result: ByteBuffer) {
        val output = if (isFloat) floatResult.apply { startOver() } else result.slice().order(ByteOrder.nativeOrder())
        interpreter.runSignature(inputs(levels, conditions), mapOf<String, Any>("output" to output), EDIT)
        if (isFloat) narrow(floatResult, result)
    }

    override fun decide(levels: ByteBuffer, conditions: Conditions, luma: FloatBuffer, chroma: FloatBuffer) {
        luma.startOver()
        chroma.startOver()
        interpreter.runSignature(inputs(levels, conditions), mapOf<String, Any>("luma" to luma, "chroma" to chroma), DECIDE)
    }

    override fun close() {
        interpreter.close()
    }

    private fun inputs(levels: ByteBuffer, conditions: Conditions): Map<String, Any> {
        // TensorFlow Lite reads a buffer from its first byte and wants exactly the tensor's capacity: hence the slice.
        val image = if (isFloat) floatLevels.also { widen(levels, it) } else levels.slice().order(ByteOrder.nativeOrder())
        return conditions.buffers.mapValues { (_, buffer) -> buffer.duplicate().order(ByteOrder.nativeOrder()) } + ("image" to image)
    }

    private fun widen(levels: ByteBuffer, into: ByteBuffer) {
        into.startOver()
        for (i in 0 until levels.remaining()) into.putFloat(4 * i, (levels.get(levels.position() + i).toInt() and 0xff).toFloat())
    }

    public companion object {
        private const val EDIT = "edit"
        private const val DECIDE = "decide"
        private val INPUTS = listOf("chroma_table", "image", "luma_table", "strength")

        /**
         * @param configure Changes the interpreter's options, to add a delegate for example. They start with one thread:
         *     tiles are shared out to threads already.
         * @throws JpegpreException MODEL
         */
        @JvmStatic
        @JvmOverloads
        public fun open(model: ModelFile, configure: (Interpreter.Options) -> Unit = {}): InterpreterNetwork {
            val options = Interpreter.Options().setNumThreads(1).apply(configure)
            var interpreter: Interpreter? = null
            try {
                interpreter = Interpreter(model.content.duplicate().order(ByteOrder.nativeOrder()), options)
                return InterpreterNetwork(interpreter)
            } catch (error: Throwable) {
                interpreter?.close()
                throw when (error) {
                    is RuntimeException -> JpegpreException(
                        ErrorCode.MODEL,
                        "TensorFlow Lite cannot run this model: ${error.firstLine()}",
                        error,
                    )
                    is LinkageError -> JpegpreException(
                        ErrorCode.MODEL,
                        "TensorFlow Lite's library is not in this app, or not for this processor: ${error.firstLine()}",
                        error,
                    )
                    else -> error
                }
            }
        }

        private fun floats(count: Int): ByteBuffer = ByteBuffer.allocateDirect(4 * count).order(ByteOrder.nativeOrder())

        private fun narrow(floats: ByteBuffer, into: ByteBuffer) {
            for (i in 0 until floats.capacity() / 4) {
                // The graph rounds and clips already; a model that does not must still not wrap around.
                val level = round(floats.getFloat(4 * i)).coerceIn(0f, 255f)
                into.put(into.position() + i, level.toInt().toByte())
            }
        }
    }
}
