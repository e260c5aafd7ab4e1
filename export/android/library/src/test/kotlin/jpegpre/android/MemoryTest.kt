package jpegpre.android

import android.graphics.Bitmap
import java.io.File
import java.io.OutputStream
import kotlinx.coroutines.runBlocking
import org.junit.Assert.assertEquals
import org.junit.Assert.assertTrue
import org.junit.Assume.assumeTrue
import org.junit.Test
import org.junit.runner.RunWith
import org.robolectric.RobolectricTestRunner

/** The process's memory at its highest, as Linux counts it, while large pictures are compressed with the real network. */
@RunWith(RobolectricTestRunner::class)
class MemoryTest {
    @Test
    fun `beside the bitmaps, 12 and 50 megapixels take the same memory`() = runBlocking {
        assumeTrue("needs Linux's account of memory", File("/proc/self/clear_refs").canWrite())
        val options = PreprocessorOptions(threads = 2, network = { InterpreterNetwork.open(it) })
        JpegPreprocessor.create(Cases.models.resolve("balanced"), options).use { preprocessor ->
            // Opens the interpreters and warms the virtual machine up: what they keep is not a picture's.
            compress(preprocessor, 2000, 1000)
            val beside = listOf(4000 to 3000, 8160 to 6144).map { (width, height) -> compress(preprocessor, width, height) }
            println("memory beside the caller's bitmap and the carrier: 12 MP %.0f MB, 50 MP %.0f MB".format(beside[0], beside[1]))
            // The file itself is in memory too, up to three times while its buffer grows: 3 MB for 12 and 12 MB for 50 MP.
            assertTrue("12 MP took ${beside[0]} MB", beside[0] < 150)
            assertTrue("50 MP took ${beside[1]} MB", beside[1] < 200)
        }
    }

    /** Megabytes of memory that compressing a picture took at most, beside its bitmap and the edited one. */
    private suspend fun compress(preprocessor: JpegPreprocessor, width: Int, height: Int): Double {
        val bitmap = large(width, height)
        System.gc()
        val before = highestMegabytes(isReset = true)
        val result = preprocessor.compress(bitmap, 75, OutputStream.nullOutputStream())
        assertEquals(width to height, result.width to result.height)
        assertEquals(Method.CARRIER, result.method)
        val grown = highestMegabytes() - before
        bitmap.recycle()
        return grown - 4.0 * width * height / (1 shl 20)
    }

    private fun highestMegabytes(isReset: Boolean = false): Double {
        if (isReset) File("/proc/self/clear_refs").writeText("5")
        val line = File("/proc/self/status").readLines().single { it.startsWith("VmHWM:") }
        return line.filter { it.isDigit() }.toLong() / 1024.0
    }

    /** A photo again and again: making noise of this size would take longer than the test. */
    private fun large(width: Int, height: Int): Bitmap {
        val part = photo(512, 384)
        val strip = IntArray(512 * 384)
        part.getPixels(strip, 0, 512, 0, 0, 512, 384)
        val bitmap = Bitmap.createBitmap(width, height, Bitmap.Config.ARGB_8888)
        for (y in 0 until height step 384) {
            for (x in 0 until width step 512) {
                bitmap.setPixels(strip, 0, 512, x, y, minOf(512, width - x), minOf(384, height - y))
            }
        }
        return bitmap
    }
}
