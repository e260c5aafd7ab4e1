package jpegpre.android.tflite

import org.robolectric.annotation.Implementation
import org.robolectric.annotation.Implements

/** The native functions of TensorFlow Lite's `NativeSignatureRunnerWrapper`; see [NativeHandles]. */
@Implements(className = "org.tensorflow.lite.NativeSignatureRunnerWrapper", isInAndroidSdk = false)
class ShadowNativeSignatureRunnerWrapper {
    companion object {
        @JvmStatic
        @Implementation
        fun nativeGetSignatureRunner(interpreter: Long, key: String): Long {
            val native = NativeHandles.interpreter(interpreter)
            if (key !in NativeHandles.signatures(native)) return -1
            return NativeHandles.add(NativeHandles.Signature(native, key))
        }

        @JvmStatic
        @Implementation
        fun nativeGetSubgraphIndex(runner: Long): Int = NativeHandles.signature(runner).run { interpreter.GetSubgraphIndexFromSignature(key) }

        @JvmStatic
        @Implementation
        fun nativeInputNames(runner: Long): Array<String> = NativeHandles.signature(runner).inputs

        @JvmStatic
        @Implementation
        fun nativeOutputNames(runner: Long): Array<String> = NativeHandles.signature(runner).outputs

        @JvmStatic
        @Implementation
        fun nativeGetInputIndex(runner: Long, name: String): Int = NativeHandles.signature(runner).inputs.indexOf(name)

        @JvmStatic
        @Implementation
        fun nativeGetOutputIndex(runner: Long, name: String): Int = NativeHandles.signature(runner).outputs.indexOf(name)

        @JvmStatic
        @Implementation
        fun nativeAllocateTensors(runner: Long, errors: Long) =
            NativeHandles.check(NativeHandles.signature(runner).native.AllocateTensors(), "allocation")

        @JvmStatic
        @Implementation
        fun nativeInvoke(runner: Long, errors: Long) = NativeHandles.check(NativeHandles.signature(runner).native.Invoke(), "the run")
    }
}
