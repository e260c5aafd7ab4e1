package jpegpre.sample

import android.graphics.Bitmap
import java.io.File
import jpegpre.android.Compressed

/** A finished file, and what the screen shows of it. */
internal class CompressedPhoto(
    val file: File,
    val result: Compressed,
    /** Bytes of the photo's own file. */
    val originalBytes: Long,
    /** The middle of the picture, upright, pixel for pixel: of the photo and of the new file. */
    val before: Bitmap,
    val after: Bitmap,
)
