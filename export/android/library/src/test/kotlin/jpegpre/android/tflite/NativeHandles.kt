package jpegpre.android.tflite

import java.util.concurrent.ConcurrentHashMap
import java.util.concurrent.atomic.AtomicLong
import org.bytedeco.javacpp.Pointer
import org.bytedeco.tensorflowlite.TfLiteInterpreter
import org.bytedeco.tensorflowlite.TfLiteTensor
import org.bytedeco.tensorflowlite.global.tensorflowlite

/**
 * What TensorFlow Lite's Java classes take for native addresses.
 *
 * Google's Java classes come with native code for Android only. Here their native functions, and nothing else of them, are
 * replaced (`ShadowNativeInterpreterWrapper`, `ShadowTensorImpl`) by JavaCPP's build of TensorFlow Lite for Linux.
 */
internal object NativeHandles {
    class Tensor(private val interpreter: TfLiteInterpreter, val index: Int) {
        // Asked for each time: allocating anew moves it.
        val native: TfLiteTensor get() = tensorflowlite.TfLiteInterpreterGetTensor(interpreter, index)
    }

    private val handles = ConcurrentHashMap<Long, Any>()
    private val next = AtomicLong(1)

    fun add(value: Any): Long = next.getAndIncrement().also { handles[it] = value }

    fun interpreter(handle: Long): TfLiteInterpreter = handles.getValue(handle) as TfLiteInterpreter

    fun tensor(handle: Long): TfLiteTensor = (handles.getValue(handle) as Tensor).native

    fun tensorIndex(handle: Long): Int = (handles.getValue(handle) as Tensor).index

    fun pointer(handle: Long): Pointer = handles.getValue(handle) as Pointer

    fun remove(handle: Long): Any? = handles.remove(handle)

    /** Interpreters that are open. */
    val openInterpreters: Int get() = handles.values.count { it is TfLiteInterpreter }

    fun check(status: Int, what: String) {
        check(status == 0) { "Internal error: $what failed with status $status" }
    }
}
