package jpegpre.android.tflite

import org.robolectric.annotation.Implementation
import org.robolectric.annotation.Implements

@Implements(className = "org.tensorflow.lite.TensorFlowLite", isInAndroidSdk = false)
class ShadowTensorFlowLite {
    companion object {
        /** Succeeds where the native library is there. */
        @JvmStatic
        @Implementation
        fun nativeDoNothing() = Unit
    }
}
