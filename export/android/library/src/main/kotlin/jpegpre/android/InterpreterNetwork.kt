package jpegpre.android

import java.nio.ByteBuffer
import java.nio.ByteOrder
import kotlin.math.round
import org.tensorflow.lite.DataType
import org.tensorflow.lite.InterpreterApi
import org.tensorflow.lite.Tensor

/**
 * The network in a TensorFlow Lite (LiteRT) interpreter, kept allocated at the last tile's shape.
 *
 * Takes models of all three precisions: uint8 levels in and out, or float32 levels.
 */
public class InterpreterNetwork private constructor(private val interpreter: InterpreterApi) : TileNetwork {
    private val inputs: Map<String, Int> = (0 until interpreter.inputTensorCount).associateBy { shortName(interpreter.getInputTensor(it)) }
    private val isFloat: Boolean
    private val qualityValue = floats(1)
    private val strengthValue = floats(1)
    private var allocated: Pair<Int, Int>? = null

    // Only for float models, in the tensor's own type.
    private var floatLevels = floats(0)
    private var floatResult = floats(0)

    init {
        val names = inputs.keys.sorted().joinToString()
        if (names != "image, quality, strength" || interpreter.outputTensorCount != 1) {
            throw JpegpreException(
                ErrorCode.MODEL,
                "expected a network with inputs image, quality, strength and one output; " +
                    "received inputs $names and ${interpreter.outputTensorCount} outputs",
            )
        }
        val type = interpreter.getInputTensor(inputs.getValue("image")).dataType()
        val resultType = interpreter.getOutputTensor(0).dataType()
        if (type != resultType || type !in listOf(DataType.UINT8, DataType.FLOAT32)) {
            throw JpegpreException(ErrorCode.MODEL, "expected UINT8 or FLOAT32 levels in and out; received $type and $resultType")
        }
        isFloat = type == DataType.FLOAT32
        // At the exported shape: a file that cannot be prepared fails here, not at the first picture.
        interpreter.allocateTensors()
    }

    override fun run(levels: ByteBuffer, height: Int, width: Int, quality: Float, strength: Float, result: ByteBuffer) {
        if (allocated != height to width) {
            allocated = null
            interpreter.resizeInput(inputs.getValue("image"), intArrayOf(1, height, width, 3))
            interpreter.allocateTensors()
            if (isFloat) {
                floatLevels = floats(height * width * 3)
                floatResult = floats(height * width * 3)
            }
            allocated = height to width
        }
        qualityValue.putFloat(0, quality)
        strengthValue.putFloat(0, strength)
        // TensorFlow Lite reads a buffer from its first byte and wants exactly the tensor's capacity: hence the slices.
        val image = if (isFloat) floatLevels.also { widen(levels, it) } else levels.slice().order(ByteOrder.nativeOrder())
        val output = if (isFloat) floatResult else result.slice().order(ByteOrder.nativeOrder())
        val values = mapOf("image" to image, "quality" to qualityValue, "strength" to strengthValue)
        val arguments = arrayOfNulls<Any>(inputs.size)
        for ((name, index) in inputs) arguments[index] = values.getValue(name).apply { startOver() }
        output.startOver()
        interpreter.runForMultipleInputsOutputs(arguments, mapOf(0 to output))
        if (isFloat) narrow(floatResult, result)
    }

    override fun close() {
        interpreter.close()
    }

    private fun widen(levels: ByteBuffer, into: ByteBuffer) {
        for (i in 0 until levels.remaining()) into.putFloat(4 * i, (levels.get(levels.position() + i).toInt() and 0xff).toFloat())
    }

    private fun narrow(floats: ByteBuffer, into: ByteBuffer) {
        for (i in 0 until floats.capacity() / 4) {
            // The graph rounds and clips already; a model that does not must still not wrap around.
            val level = round(floats.getFloat(4 * i)).coerceIn(0f, 255f)
            into.put(into.position() + i, level.toInt().toByte())
        }
    }

    public companion object {
        /**
         * @param model Content of a .tflite file, in a direct buffer.
         * @param configure Changes the interpreter's options, to add a delegate for example. They start with one thread:
         *     tiles are shared out to threads already.
         * @throws JpegpreException MODEL
         */
        @JvmStatic
        @JvmOverloads
        public fun open(model: ByteBuffer, configure: (InterpreterApi.Options) -> Unit = {}): InterpreterNetwork {
            val options = InterpreterApi.Options().setNumThreads(1).apply(configure)
            var interpreter: InterpreterApi? = null
            try {
                interpreter = InterpreterApi.create(model.duplicate().order(ByteOrder.nativeOrder()), options)
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

        /** "image" of the tensor "serving_default_image:0". */
        private fun shortName(tensor: Tensor): String = tensor.name().substringBefore(':').substringAfterLast('_')

        private fun floats(count: Int): ByteBuffer = ByteBuffer.allocateDirect(4 * count).order(ByteOrder.nativeOrder())
    }
}
