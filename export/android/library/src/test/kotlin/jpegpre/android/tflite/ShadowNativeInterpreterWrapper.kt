package jpegpre.android.tflite

import java.nio.ByteBuffer
import java.nio.MappedByteBuffer
import org.bytedeco.javacpp.BytePointer
import org.bytedeco.tensorflowlite.TfLiteInterpreter
import org.bytedeco.tensorflowlite.TfLiteModel
import org.bytedeco.tensorflowlite.global.tensorflowlite
import org.robolectric.annotation.Implementation
import org.robolectric.annotation.Implements

/** The native functions of TensorFlow Lite's `NativeInterpreterWrapper`; see [NativeHandles]. */
@Implements(className = "org.tensorflow.lite.NativeInterpreterWrapper", isInAndroidSdk = false)
class ShadowNativeInterpreterWrapper {
    companion object {
        @JvmStatic
        @Implementation
        fun createErrorReporter(size: Int): Long = NativeHandles.add(size)

        @JvmStatic
        @Implementation
        fun createModelWithBuffer(content: ByteBuffer, errors: Long): Long {
            // As Google's: whatever the position, from the first byte to the last.
            val whole = content.duplicate().apply { clear() }
            val model: TfLiteModel? = tensorflowlite.TfLiteModelCreate(BytePointer(whole), whole.capacity().toLong())
            require(model != null && !model.isNull) { "ByteBuffer is not a valid TensorFlow Lite model flatbuffer" }
            isLastModelMapped = content is MappedByteBuffer && content.isLoadedFromFile()
            return NativeHandles.add(model)
        }

        @JvmStatic
        @Implementation
        fun createInterpreter(model: Long, errors: Long, threads: Int, useXnnpack: Boolean, delegates: List<Long>): Long {
            check(delegates.isEmpty()) { "no delegates here" }
            val options = tensorflowlite.TfLiteInterpreterOptionsCreate()
            tensorflowlite.TfLiteInterpreterOptionsSetNumThreads(options, threads)
            val interpreter: TfLiteInterpreter? =
                tensorflowlite.TfLiteInterpreterCreate(NativeHandles.pointer(model) as TfLiteModel, options)
            tensorflowlite.TfLiteInterpreterOptionsDelete(options)
            require(interpreter != null && !interpreter.isNull) { "Internal error: Cannot create interpreter" }
            return NativeHandles.add(interpreter)
        }

        @JvmStatic
        @Implementation
        fun hasUnresolvedFlexOp(interpreter: Long): Boolean = false

        @JvmStatic
        @Implementation
        fun allocateTensors(interpreter: Long, errors: Long): Long {
            NativeHandles.check(tensorflowlite.TfLiteInterpreterAllocateTensors(NativeHandles.interpreter(interpreter)), "allocation")
            return 0
        }

        @JvmStatic
        @Implementation
        fun run(interpreter: Long, errors: Long) {
            NativeHandles.check(tensorflowlite.TfLiteInterpreterInvoke(NativeHandles.interpreter(interpreter)), "the run")
        }

        @JvmStatic
        @Implementation
        fun resizeInput(interpreter: Long, errors: Long, input: Int, shape: IntArray, isStrict: Boolean): Boolean {
            val native = NativeHandles.interpreter(interpreter)
            val tensor = tensorflowlite.TfLiteInterpreterGetInputTensor(native, input)
            val before = IntArray(tensorflowlite.TfLiteTensorNumDims(tensor)) { tensorflowlite.TfLiteTensorDim(tensor, it) }
            if (before.contentEquals(shape)) return false
            NativeHandles.check(tensorflowlite.TfLiteInterpreterResizeInputTensor(native, input, shape, shape.size), "resizing")
            return true
        }

        @JvmStatic
        @Implementation
        fun getInputCount(interpreter: Long): Int =
            tensorflowlite.TfLiteInterpreterGetInputTensorCount(NativeHandles.interpreter(interpreter))

        @JvmStatic
        @Implementation
        fun getOutputCount(interpreter: Long): Int =
            tensorflowlite.TfLiteInterpreterGetOutputTensorCount(NativeHandles.interpreter(interpreter))

        @JvmStatic
        @Implementation
        fun getInputTensorIndex(interpreter: Long, input: Int): Int =
            tensorflowlite.TfLiteInterpreterGetInputTensorIndex(NativeHandles.interpreter(interpreter), input)

        @JvmStatic
        @Implementation
        fun getOutputTensorIndex(interpreter: Long, output: Int): Int =
            tensorflowlite.TfLiteInterpreterGetOutputTensorIndex(NativeHandles.interpreter(interpreter), output)

        @JvmStatic
        @Implementation
        fun delete(errors: Long, model: Long, interpreter: Long) {
            NativeHandles.remove(errors)
            // Freed in this order: an interpreter uses its model.
            (NativeHandles.remove(interpreter) as TfLiteInterpreter?)?.let(tensorflowlite::TfLiteInterpreterDelete)
            (NativeHandles.remove(model) as TfLiteModel?)?.let(tensorflowlite::TfLiteModelDelete)
        }

        /** Whether the model that was opened last was a file in memory, not a copy of one. */
        @Volatile
        var isLastModelMapped = false

        private fun MappedByteBuffer.isLoadedFromFile(): Boolean = runCatching { isLoaded }.isSuccess
    }
}
