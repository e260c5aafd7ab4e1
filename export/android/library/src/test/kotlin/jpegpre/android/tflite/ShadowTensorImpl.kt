package jpegpre.android.tflite

import java.nio.Buffer
import java.nio.ByteBuffer
import org.bytedeco.javacpp.BytePointer
import org.bytedeco.tensorflowlite.global.tensorflowlite
import org.robolectric.annotation.Implementation
import org.robolectric.annotation.Implements

/** The native functions of TensorFlow Lite's `TensorImpl`; see [NativeHandles]. */
@Implements(className = "org.tensorflow.lite.TensorImpl", isInAndroidSdk = false)
class ShadowTensorImpl {
    companion object {
        @JvmStatic
        @Implementation
        fun create(interpreter: Long, index: Int, subgraph: Int): Long =
            NativeHandles.interpreter(interpreter).let { native -> NativeHandles.add(NativeHandles.Tensor(index) { native.tensor(index) }) }

        @JvmStatic
        @Implementation
        fun createSignatureInputTensor(runner: Long, name: String): Long = NativeHandles.signature(runner).let { signature ->
            NativeHandles.add(NativeHandles.Tensor(signature.inputs.indexOf(name)) { signature.native.input_tensor(name) })
        }

        @JvmStatic
        @Implementation
        fun createSignatureOutputTensor(runner: Long, name: String): Long = NativeHandles.signature(runner).let { signature ->
            NativeHandles.add(NativeHandles.Tensor(signature.outputs.indexOf(name)) { signature.native.output_tensor(name) })
        }

        @JvmStatic
        @Implementation
        fun delete(handle: Long) {
            NativeHandles.remove(handle)
        }

        @JvmStatic
        @Implementation
        fun buffer(handle: Long): ByteBuffer {
            val tensor = NativeHandles.tensor(handle)
            val bytes = tensorflowlite.TfLiteTensorByteSize(tensor)
            return BytePointer(tensorflowlite.TfLiteTensorData(tensor)).capacity(bytes).asByteBuffer()
        }

        @JvmStatic
        @Implementation
        fun writeDirectBuffer(handle: Long, source: Buffer) {
            // As Google's: whatever the position, from the first byte on.
            val whole = (source as ByteBuffer).duplicate().apply { clear() }
            val tensor = NativeHandles.tensor(handle)
            val bytes = tensorflowlite.TfLiteTensorByteSize(tensor)
            NativeHandles.check(tensorflowlite.TfLiteTensorCopyFromBuffer(tensor, BytePointer(whole), bytes), "copying")
        }

        @JvmStatic
        @Implementation
        fun hasDelegateBufferHandle(handle: Long): Boolean = false

        @JvmStatic
        @Implementation
        fun dtype(handle: Long): Int = tensorflowlite.TfLiteTensorType(NativeHandles.tensor(handle))

        @JvmStatic
        @Implementation
        fun shape(handle: Long): IntArray {
            val tensor = NativeHandles.tensor(handle)
            return IntArray(tensorflowlite.TfLiteTensorNumDims(tensor)) { tensorflowlite.TfLiteTensorDim(tensor, it) }
        }

        @JvmStatic
        @Implementation
        fun shapeSignature(handle: Long): IntArray = shape(handle)

        @JvmStatic
        @Implementation
        fun numBytes(handle: Long): Int = tensorflowlite.TfLiteTensorByteSize(NativeHandles.tensor(handle)).toInt()

        @JvmStatic
        @Implementation
        fun index(handle: Long): Int = NativeHandles.tensorIndex(handle)

        @JvmStatic
        @Implementation
        fun name(handle: Long): String = tensorflowlite.TfLiteTensorName(NativeHandles.tensor(handle)).string

        @JvmStatic
        @Implementation
        fun quantizationScale(handle: Long): Float = tensorflowlite.TfLiteTensorQuantizationParams(NativeHandles.tensor(handle)).scale()

        @JvmStatic
        @Implementation
        fun quantizationZeroPoint(handle: Long): Int =
            tensorflowlite.TfLiteTensorQuantizationParams(NativeHandles.tensor(handle)).zero_point()
    }
}
