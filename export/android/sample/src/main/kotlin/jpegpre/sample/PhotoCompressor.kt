package jpegpre.sample

import android.content.ContentResolver
import android.graphics.Bitmap
import android.graphics.BitmapFactory
import android.graphics.Matrix
import android.net.Uri
import androidx.exifinterface.media.ExifInterface
import java.io.File
import java.io.IOException
import java.io.InputStream
import jpegpre.android.JpegPreprocessor
import jpegpre.android.Target
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.withContext

/** One photo to one smaller JPEG file with the photo's EXIF tags. */
internal class PhotoCompressor(private val resolver: ContentResolver, private val preprocessor: JpegPreprocessor) {
    /**
     * @param file Appears whole or not at all.
     * @throws IOException if the photo cannot be read or the file not be written.
     * @throws jpegpre.android.JpegpreException
     */
    suspend fun compress(photo: Uri, target: Target, file: File): CompressedPhoto = withContext(Dispatchers.IO) {
        val exif = open(photo).use { ExifInterface(it) }
        // Pixels as they are stored: the orientation tag says how to show them, and stays true.
        val bitmap = open(photo).use { BitmapFactory.decodeStream(it, null, BitmapFactory.Options().apply { inScaled = false }) }
            ?: throw IOException("this file is not a picture that Android can open")
        val part = File(file.path + ".part")
        try {
            file.parentFile?.mkdirs()
            val result = part.outputStream().use { preprocessor.compress(bitmap, target, it) }
            ExifTags.copy(exif, ExifInterface(part))
            val written = BitmapFactory.decodeFile(part.path) ?: throw IOException("the new file does not decode")
            val after = try {
                middle(written, exif)
            } finally {
                written.recycle()
            }
            if (!part.renameTo(file)) throw IOException("cannot write ${file.name}")
            CompressedPhoto(file, result, bytes(photo), middle(bitmap, exif), after)
        } finally {
            part.delete()
            bitmap.recycle()
        }
    }

    private fun bytes(photo: Uri): Long = open(photo).use { stream ->
        val buffer = ByteArray(1 shl 16)
        generateSequence { stream.read(buffer) }.takeWhile { it >= 0 }.sumOf { it.toLong() }
    }

    private fun open(photo: Uri): InputStream = resolver.openInputStream(photo) ?: throw IOException("cannot open the photo")

    /** A copy of the middle of a picture, upright. */
    private fun middle(bitmap: Bitmap, exif: ExifInterface): Bitmap {
        val width = minOf(bitmap.width, MIDDLE)
        val height = minOf(bitmap.height, MIDDLE)
        val upright = Matrix().apply {
            if (exif.isFlipped) postScale(-1f, 1f)
            postRotate(exif.rotationDegrees.toFloat())
        }
        val x = (bitmap.width - width) / 2
        val y = (bitmap.height - height) / 2
        val middle = Bitmap.createBitmap(bitmap, x, y, width, height, upright, false)
        // Android hands out the bitmap itself where all of it is asked for.
        return if (middle === bitmap) bitmap.copy(Bitmap.Config.ARGB_8888, false) else middle
    }

    private companion object {
        /** Pixels a side. */
        const val MIDDLE = 1080
    }
}
