package jpegpre.android.tflite

import java.nio.ByteBuffer
import java.nio.MappedByteBuffer
import org.bytedeco.javacpp.BytePointer
import org.bytedeco.tensorflowlite.FlatBufferModel
import org.bytedeco.tensorflowlite.FlatBufferModelBase
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
            val pointer = BytePointer(whole)
            val model: FlatBufferModel? = FlatBufferModelBase.VerifyAndBuildFromBuffer(pointer, whole.capacity().toLong())
            require(model != null && !model.isNull) { "ByteBuffer is not a valid TensorFlow Lite model flatbuffer" }
            isLastModelMapped = content is MappedByteBuffer && content.isLoadedFromFile()
            return NativeHandles.add(NativeHandles.Model(model, pointer))
        }

        @JvmStatic
        @Implementation
        fun createInterpreter(model: Long, errors: Long, threads: Int, useXnnpack: Boolean, delegates: List<Long>): Long {
            check(delegates.isEmpty()) { "no delegates here" }
            return NativeHandles.add(NativeHandles.OpenInterpreter(NativeHandles.model(model), threads))
        }

        @JvmStatic
        @Implementation
        fun hasUnresolvedFlexOp(interpreter: Long): Boolean = false

        @JvmStatic
        @Implementation
        fun allocateTensors(interpreter: Long, errors: Long): Long {
            NativeHandles.check(NativeHandles.interpreter(interpreter).AllocateTensors(), "allocation")
            return 0
        }

        @JvmStatic
        @Implementation
        fun run(interpreter: Long, errors: Long) {
            NativeHandles.check(NativeHandles.interpreter(interpreter).Invoke(), "the run")
        }

        @JvmStatic
        @Implementation
        fun getSignatureKeys(interpreter: Long): Array<String> =
            NativeHandles.signatures(NativeHandles.interpreter(interpreter)).toTypedArray()

        @JvmStatic
        @Implementation
        fun getInputCount(interpreter: Long): Int = NativeHandles.interpreter(interpreter).inputs().limit().toInt()

        @JvmStatic
        @Implementation
        fun getOutputCount(interpreter: Long): Int = NativeHandles.interpreter(interpreter).outputs().limit().toInt()

        @JvmStatic
        @Implementation
        fun getInputTensorIndex(interpreter: Long, input: Int): Int =
            NativeHandles.interpreter(interpreter).inputs().get(input.toLong())

        @JvmStatic
        @Implementation
        fun getOutputTensorIndex(interpreter: Long, output: Int): Int =
            NativeHandles.interpreter(interpreter).outputs().get(output.toLong())

        @JvmStatic
        @Implementation
        fun delete(errors: Long, model: Long, interpreter: Long) {
            NativeHandles.remove(errors)
            // Freed in this order: an interpreter uses its model.
            (NativeHandles.remove(interpreter) as NativeHandles.OpenInterpreter?)?.close()
            (NativeHandles.remove(model) as NativeHandles.Model?)?.native?.close()
        }

        /** Whether the model that was opened last was a file in memory, not a copy of one. */
        @Volatile
        var isLastModelMapped = false

        private fun MappedByteBuffer.isLoadedFromFile(): Boolean = runCatching { isLoaded }.isSuccess
    }
}
