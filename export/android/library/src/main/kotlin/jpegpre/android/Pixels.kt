package jpegpre.android

import android.graphics.Bitmap
import kotlinx.coroutines.currentCoroutineContext
import kotlinx.coroutines.ensureActive

/** A picture of ARGB levels, alpha not multiplied in. */
internal interface Pixels {
    val width: Int
    val height: Int

    /** Reads a rectangle inside the picture into [into], [stride] pixels from row to row. */
    fun read(into: IntArray, stride: Int, x: Int, y: Int, width: Int, height: Int)

    /** Writes a rectangle inside the picture from [from], which begins at [offset]. */
    fun write(from: IntArray, offset: Int, stride: Int, x: Int, y: Int, width: Int, height: Int)
}

/** Copies a picture of the same size, strip by strip. */
internal suspend fun Pixels.copyTo(target: Pixels) {
    val rows = ((1 shl 18) / width).coerceIn(1, height)
    val strip = IntArray(rows * width)
    for (y in 0 until height step rows) {
        currentCoroutineContext().ensureActive()
        val count = minOf(rows, height - y)
        read(strip, width, 0, y, width, count)
        target.write(strip, 0, width, 0, y, width, count)
    }
}

internal class BitmapPixels(private val bitmap: Bitmap) : Pixels {
    override val width: Int get() = bitmap.width
    override val height: Int get() = bitmap.height

    override fun read(into: IntArray, stride: Int, x: Int, y: Int, width: Int, height: Int) {
        bitmap.getPixels(into, 0, stride, x, y, width, height)
    }

    // Nothing says that a bitmap may be written from several threads, even if their rectangles do not meet.
    @Synchronized
    override fun write(from: IntArray, offset: Int, stride: Int, x: Int, y: Int, width: Int, height: Int) {
        bitmap.setPixels(from, offset, stride, x, y, width, height)
    }
}
