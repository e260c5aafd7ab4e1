package jpegpre.android.tflite

import java.util.concurrent.ConcurrentHashMap
import java.util.concurrent.atomic.AtomicLong
import org.bytedeco.javacpp.BytePointer
import org.bytedeco.javacpp.Pointer
import org.bytedeco.javacpp.PointerPointer
import org.bytedeco.tensorflowlite.BuiltinOpResolver
import org.bytedeco.tensorflowlite.FlatBufferModel
import org.bytedeco.tensorflowlite.Interpreter
import org.bytedeco.tensorflowlite.InterpreterBuilder
import org.bytedeco.tensorflowlite.SignatureRunner
import org.bytedeco.tensorflowlite.TfLiteTensor

/**
 * What TensorFlow Lite's Java classes take for native addresses.
 *
 * Google's Java classes come with native code for Android only. Here their native functions, and nothing else of them, are
 * replaced (`ShadowNativeInterpreterWrapper`, `ShadowTensorImpl`) by JavaCPP's build of TensorFlow Lite for Linux.
 */
internal object NativeHandles {
    /** A model in a caller's buffer, which must stay. */
    class Model(val native: FlatBufferModel, private val content: BytePointer)

    class OpenInterpreter(model: Model, threads: Int) : AutoCloseable {
        private val operations = BuiltinOpResolver()
        private val xnnpack = Xnnpack()
        val native = Interpreter(null as Pointer?)

        init {
            InterpreterBuilder(model.native, operations).use { builder ->
                builder.SetNumThreads(threads)
                builder.AddDelegate(xnnpack.delegate)
                require(builder.apply(native) == 0 && !native.isNull) { "Internal error: Cannot create interpreter" }
            }
        }

        // An interpreter uses the others: freed in this order.
        override fun close() {
            native.close()
            xnnpack.close()
            operations.close()
        }
    }

    /** A tensor of a graph, asked for each time: allocating anew moves it. */
    class Tensor(val index: Int, private val find: () -> TfLiteTensor) {
        val native: TfLiteTensor get() = find()
    }

    class Signature(val interpreter: Interpreter, val key: String) {
        val native: SignatureRunner = interpreter.GetSignatureRunner(key)
        val inputs: Array<String> = names(native.input_names(), native.input_size())
        val outputs: Array<String> = names(native.output_names(), native.output_size())

        private fun names(pointer: PointerPointer<*>, count: Long) =
            Array(count.toInt()) { BytePointer(pointer.get(it.toLong())).string }
    }

    private val handles = ConcurrentHashMap<Long, Any>()
    private val next = AtomicLong(1)

    fun add(value: Any): Long = next.getAndIncrement().also { handles[it] = value }

    fun model(handle: Long): Model = handles.getValue(handle) as Model

    fun interpreter(handle: Long): Interpreter = (handles.getValue(handle) as OpenInterpreter).native

    fun signature(handle: Long): Signature = handles.getValue(handle) as Signature

    fun signatures(interpreter: Interpreter): List<String> =
        interpreter.signature_keys().let { keys -> List(keys.size().toInt()) { keys.get(it.toLong()).string } }

    fun tensor(handle: Long): TfLiteTensor = (handles.getValue(handle) as Tensor).native

    fun tensorIndex(handle: Long): Int = (handles.getValue(handle) as Tensor).index

    fun remove(handle: Long): Any? = handles.remove(handle)

    /** Interpreters that are open. */
    val openInterpreters: Int get() = handles.values.count { it is OpenInterpreter }

    fun check(status: Int, what: String) {
        check(status == 0) { "Internal error: $what failed with status $status" }
    }
}
