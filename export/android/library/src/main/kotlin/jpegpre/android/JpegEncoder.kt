package jpegpre.android

import android.graphics.Bitmap
import java.io.IOException
import java.io.OutputStream
import kotlinx.coroutines.Job
import kotlinx.coroutines.ensureActive

/** `Bitmap.compress`, stopped within one of its writes when [job] is cancelled. */
internal class JpegEncoder(private val job: Job) {
    /** @throws JpegpreException ENCODER */
    fun encode(bitmap: Bitmap, quality: Int): JpegFile = JpegFile().also { encode(bitmap, quality, it) }

    /** The file's size in bytes. */
    fun size(bitmap: Bitmap, quality: Int): Long {
        val counter = Counter()
        encode(bitmap, quality, counter)
        return counter.bytes
    }

    private fun encode(bitmap: Bitmap, quality: Int, out: OutputStream) {
        job.ensureActive()
        // The encoder takes a failing stream as the end of its work, whatever the exception.
        val isWritten = bitmap.compress(Bitmap.CompressFormat.JPEG, quality, Stoppable(out))
        job.ensureActive()
        if (!isWritten) {
            throw JpegpreException(ErrorCode.ENCODER, "Bitmap.compress could not write ${bitmap.width} x ${bitmap.height} pixels as JPEG")
        }
    }

    private inner class Stoppable(private val out: OutputStream) : OutputStream() {
        override fun write(byte: Int) = write(byteArrayOf(byte.toByte()), 0, 1)

        override fun write(bytes: ByteArray, offset: Int, count: Int) {
            if (!job.isActive) throw Cancelled
            out.write(bytes, offset, count)
        }
    }

    // Android logs what it catches: without a stack trace that is one line.
    private object Cancelled : IOException("cancelled") {
        private fun readResolve(): Any = Cancelled

        override fun fillInStackTrace(): Throwable = this
    }

    private class Counter : OutputStream() {
        var bytes = 0L

        override fun write(byte: Int) {
            this.bytes += 1
        }

        override fun write(bytes: ByteArray, offset: Int, count: Int) {
            this.bytes += count
        }
    }
}
