// A double of LiteRT 2 for tests on the JVM: the part of its Kotlin interface that CompiledModelNetwork calls, run by
// TensorFlow Lite's interpreter. LiteRT's own archive is in Google's repository only and has native code for Android only.
// Written after the interface that LiteRT's repository shows; never part of the library that apps get.
package com.google.ai.edge.litert

import android.content.res.AssetManager
import java.io.File
import java.nio.ByteBuffer
import java.nio.ByteOrder
import org.tensorflow.lite.Interpreter
import org.tensorflow.lite.Tensor

enum class Accelerator { NONE, CPU, GPU, NPU }

class LiteRtException(message: String) : Exception(message)

class Environment private constructor() : AutoCloseable {
    override fun close() = Unit

    companion object {
        @JvmStatic
        fun create(): Environment = Environment()
    }
}

data class TensorBufferRequirements(val bufferSize: Int)

/** Memory of one tensor. */
class TensorBuffer internal constructor(tensor: Tensor) : AutoCloseable {
    internal val content: ByteBuffer = ByteBuffer.allocateDirect(tensor.numBytes()).order(ByteOrder.nativeOrder())
    private var isOpen = true

    fun writeInt8(data: ByteArray) = whole(data.size).put(data)

    fun writeFloat(data: FloatArray) = whole(4 * data.size).asFloatBuffer().put(data)

    fun readInt8(): ByteArray = ByteArray(content.capacity()).also { whole(it.size).get(it) }

    fun readFloat(): FloatArray = FloatArray(content.capacity() / 4).also { whole(4 * it.size).asFloatBuffer().get(it) }

    internal fun whole(size: Int = content.capacity()): ByteBuffer {
        check(isOpen) { "The handle has been destroyed." }
        if (size != content.capacity()) throw LiteRtException("Failed to write tensor buffer: $size of ${content.capacity()} bytes")
        return content.duplicate().order(ByteOrder.nativeOrder()).apply { clear() }
    }

    override fun close() {
        check(isOpen)
        isOpen = false
    }
}

class CompiledModel private constructor(private val interpreter: Interpreter) : AutoCloseable {
    data class CpuOptions(val numThreads: Int? = null)

    class Options(val accelerators: Set<Accelerator>) {
        constructor(vararg accelerators: Accelerator) : this(setOf(*accelerators))

        var cpuOptions: CpuOptions? = null
    }

    fun createInputBuffer(inputName: String, signature: String? = null): TensorBuffer =
        TensorBuffer(found { interpreter.getInputTensorFromSignature(inputName, signature) })

    fun createOutputBuffer(outputName: String, signature: String? = null): TensorBuffer = found {
        // As long as a signature was not prepared its outputs have no size.
        TensorBuffer(interpreter.getOutputTensorFromSignature(outputName, signature))
    }

    fun getInputBufferRequirements(inputName: String, signature: String? = null): TensorBufferRequirements =
        TensorBufferRequirements(found { interpreter.getInputTensorFromSignature(inputName, signature) }.numBytes())

    fun run(inputs: Map<String, TensorBuffer>, outputs: Map<String, TensorBuffer>, signature: String? = null) {
        val arguments = inputs.mapValues { it.value.whole() as Any }
        found { interpreter.runSignature(arguments, outputs.mapValues { it.value.whole() as Any }, signature) }
    }

    override fun close() = interpreter.close()

    companion object {
        /** What `create` was given last. */
        @Volatile
        var lastOptions: Options? = null

        @JvmStatic
        fun create(assetManager: AssetManager, assetName: String, options: Options, optionalEnv: Environment? = null): CompiledModel =
            create(assetManager.open(assetName).use { it.readBytes() }, options, optionalEnv)

        @JvmStatic
        fun create(filePath: String, options: Options, optionalEnv: Environment? = null): CompiledModel =
            create(File(filePath).readBytes(), options, optionalEnv)

        @Suppress("UNUSED_PARAMETER")
        private fun create(content: ByteArray, options: Options, environment: Environment?): CompiledModel {
            lastOptions = options
            if (Accelerator.CPU !in options.accelerators) throw LiteRtException("Failed to compile model")
            val buffer = ByteBuffer.allocateDirect(content.size).order(ByteOrder.nativeOrder()).put(content)
            return found { CompiledModel(Interpreter(buffer, Interpreter.Options())) }
        }

        private fun <T> found(work: () -> T): T = try {
            work()
        } catch (error: IllegalArgumentException) {
            throw LiteRtException(error.message.toString())
        }
    }
}
