package jpegpre.android

import java.io.ByteArrayOutputStream

/** A JPEG file in memory that can be changed in place: [size] bytes of [bytes]. */
internal class JpegFile : ByteArrayOutputStream(1 shl 16) {
    val bytes: ByteArray get() = buf
    val size: Int get() = count
}
