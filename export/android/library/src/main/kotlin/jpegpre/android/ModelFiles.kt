package jpegpre.android

import android.content.res.AssetManager
import java.io.File
import java.io.FileInputStream
import java.io.FileNotFoundException
import java.io.IOException
import java.io.InputStream
import java.nio.ByteBuffer
import java.nio.channels.FileChannel

/** The folder of one model, wherever it is. Those that read throw IOException. */
internal interface ModelFiles {
    /** For messages. */
    val location: String

    /** Where [path] is looked up; null for the file system. */
    val assets: AssetManager?

    /** The name under which the file system, or [assets], has a file. */
    fun path(path: String): String

    fun readText(path: String): String

    /** A file's content in a direct buffer, memory-mapped if possible. */
    fun map(path: String): ByteBuffer
}

/** In an app's assets. */
internal class AssetFiles(override val assets: AssetManager, private val folder: String) : ModelFiles {
    override val location: String get() = "assets/$folder"

    override fun path(path: String): String = "$folder/$path"

    override fun readText(path: String): String = open(path).use { it.readBytes().decodeToString() }

    override fun map(path: String): ByteBuffer {
        val descriptor = try {
            assets.openFd("$folder/$path")
        } catch (_: IOException) {
            // Stored compressed: the app's build lacks noCompress += "tflite". Costs memory, not function.
            val content = open(path).use { it.readBytes() }
            return ByteBuffer.allocateDirect(content.size).put(content).also { it.flipOver() }
        }
        return descriptor.use {
            FileInputStream(it.fileDescriptor).channel.map(FileChannel.MapMode.READ_ONLY, it.startOffset, it.declaredLength)
        }
    }

    private fun open(path: String): InputStream = try {
        assets.open("$folder/$path")
    } catch (error: FileNotFoundException) {
        // Android's own message is the path alone.
        val why = "$path is not there; this build of the library packed other profiles or precisions, or none"
        throw FileNotFoundException(why).apply { initCause(error) }
    }
}

/** A folder as `jpegpre export` writes it. */
internal class FolderFiles(private val folder: File) : ModelFiles {
    override val location: String get() = folder.path
    override val assets: AssetManager? get() = null

    override fun path(path: String): String = File(folder, path).path

    override fun readText(path: String): String = File(folder, path).readText()

    override fun map(path: String): ByteBuffer =
        FileInputStream(File(folder, path)).use { it.channel.map(FileChannel.MapMode.READ_ONLY, 0, it.channel.size()) }
}
