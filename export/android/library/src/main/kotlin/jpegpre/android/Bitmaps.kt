package jpegpre.android

import android.graphics.Bitmap
import android.os.Build

/** Makes and copies bitmaps; tests take its place to run out of memory. */
internal open class Bitmaps {
    /** A mutable sRGB bitmap of 8 bits a channel. */
    open fun create(width: Int, height: Int): Bitmap = Bitmap.createBitmap(width, height, Bitmap.Config.ARGB_8888)

    /** A mutable copy of 8 bits a channel in [bitmap]'s colour space, in memory that can be read. */
    open fun copy(bitmap: Bitmap): Bitmap =
        bitmap.copy(Bitmap.Config.ARGB_8888, true) ?: throw OutOfMemoryError("no memory for a copy of the bitmap")

    /** False if the pixels are on the graphics card. */
    open fun isReadable(bitmap: Bitmap): Boolean =
        Build.VERSION.SDK_INT < Build.VERSION_CODES.O || bitmap.config != Bitmap.Config.HARDWARE
}
