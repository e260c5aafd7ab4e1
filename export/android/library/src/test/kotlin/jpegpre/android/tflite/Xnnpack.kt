package jpegpre.android.tflite

import com.sun.jna.Memory
import com.sun.jna.NativeLibrary
import com.sun.jna.Pointer as Address
import org.bytedeco.javacpp.Loader
import org.bytedeco.javacpp.Pointer
import org.bytedeco.tensorflowlite.TfLiteDelegate
import org.bytedeco.tensorflowlite.global.tensorflowlite

/**
 * XNNPACK, whose kernels run networks on phones and in LiteRT for Python; TensorFlow Lite's own round differently.
 *
 * JavaCPP's library has it but offers no function for it, so its C functions are called through JNA.
 */
internal class Xnnpack : AutoCloseable {
    private val address: Address = library.getFunction("TfLiteXNNPackDelegateCreate").invokePointer(arrayOf(options()))

    val delegate = TfLiteDelegate(At(Address.nativeValue(address)))

    init {
        val flags = library.getFunction("TfLiteXNNPackDelegateGetFlags").invokeInt(arrayOf(address))
        check(flags and EIGHT_BITS == EIGHT_BITS) { "XNNPACK does not calculate in 8 bits: flags $flags" }
    }

    override fun close() {
        library.getFunction("TfLiteXNNPackDelegateDelete").invokeVoid(arrayOf(address))
    }

    private class At(place: Long) : Pointer() {
        init {
            address = place
        }
    }

    private companion object {
        val library: NativeLibrary = NativeLibrary.getInstance(Loader.load(tensorflowlite::class.java))

        /** TFLITE_XNNPACK_DELEGATE_FLAG_QS8 and _QU8. */
        const val EIGHT_BITS = 3

        /** TfLiteXNNPackDelegateOptions of TensorFlow Lite 2.19: number of threads, flags, more. */
        fun options() = Memory(1024).apply {
            clear()
            // A structure of this size is returned where a hidden first argument points (System V calling convention).
            library.getFunction("TfLiteXNNPackDelegateOptionsDefault").invokeVoid(arrayOf(this))
            setInt(0, 1)
            setInt(4, getInt(4) or EIGHT_BITS)
        }
    }
}
