package jpegpre.android

import android.graphics.Bitmap
import java.io.ByteArrayOutputStream
import java.io.Closeable

/**
 * One picture to one JPEG file.
 *
 * @param edit Edits the picture into a bitmap for a quality.
 */
internal class CompressJob(
    private val picture: Picture,
    private val encoder: JpegEncoder,
    private val strength: Float,
    private val edit: suspend (Bitmap, Int) -> Unit,
) : Closeable {
    private class Trial(val file: ByteArrayOutputStream, val isEdited: Boolean)

    private val plainSizes = mutableMapOf<Int, Long>()

    // One for all trials of a search; none if nothing is edited.
    private var edited: Bitmap? = null

    suspend fun run(target: Target): Pair<ByteArrayOutputStream, Compressed> = when (target) {
        is Target.Quality -> result(smallest(target.quality), target.quality)
        is Target.MaxBytes -> searched(target.bytes)
    }

    private suspend fun searched(maxBytes: Long): Pair<ByteArrayOutputStream, Compressed> {
        val found = SizeSearch.search(maxBytes, ::plainSize, ::smallest) { it.file.size().toLong() }
        if (found.isTooLarge) {
            throw JpegpreException(
                ErrorCode.IMPOSSIBLE_SIZE,
                "$maxBytes bytes are too few for this picture: the smallest possible file has ${found.trial.file.size()}; " +
                    "make the picture smaller first",
            )
        }
        return result(found.trial, found.quality)
    }

    private fun plainSize(quality: Int): Long =
        plainSizes[quality] ?: picture.unedited { encoder.size(it, quality) }.also { plainSizes[quality] = it }

    /** The smaller of the edited and the plain file. */
    private suspend fun smallest(quality: Int): Trial {
        if (strength != 0f) {
            val bitmap = edited?.also { picture.unlabel(it) } ?: picture.target().also { edited = it }
            edit(bitmap, quality)
            picture.label(bitmap)
            val file = encoder.encode(bitmap, quality)
            if (file.size() < plainSize(quality)) return Trial(file, isEdited = true)
        }
        return Trial(picture.unedited { encoder.encode(it, quality) }, isEdited = false)
    }

    private fun result(trial: Trial, quality: Int) = trial.file to Compressed(
        sizeBytes = trial.file.size().toLong(),
        plainSizeBytes = plainSize(quality),
        isEdited = trial.isEdited,
        quality = quality,
        width = picture.width,
        height = picture.height,
        isFlattened = picture.isFlattened,
    )

    override fun close() {
        edited?.recycle()
    }
}
