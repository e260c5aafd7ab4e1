package jpegpre.sample

import android.net.Uri
import androidx.exifinterface.media.ExifInterface
import java.io.File
import java.io.IOException
import jpegpre.android.Cases
import jpegpre.android.JpegPreprocessor
import jpegpre.android.Method
import jpegpre.android.Target
import kotlinx.coroutines.runBlocking
import org.junit.After
import org.junit.Assert.assertEquals
import org.junit.Assert.assertFalse
import org.junit.Assert.assertThrows
import org.junit.Assert.assertTrue
import org.junit.Test
import org.junit.runner.RunWith
import org.robolectric.RobolectricTestRunner
import org.robolectric.RuntimeEnvironment

@RunWith(RobolectricTestRunner::class)
class PhotoCompressorTest {
    private val preprocessor = runBlocking { JpegPreprocessor.create(Cases.models.resolve("balanced")) }
    private val compressor = PhotoCompressor(RuntimeEnvironment.getApplication().contentResolver, preprocessor)

    @After
    fun close() = preprocessor.close()

    @Test
    fun `a camera's photo keeps its EXIF tags and its orientation`() = runBlocking {
        val photo = Cases.file("camera.jpg")
        val file = Cases.output("camera-compressed.jpg")
        val compressed = compressor.compress(Uri.fromFile(photo), Target.Quality(75), file)
        assertTrue(file.length() < photo.length())
        // EXIF comes on top of what the encoder wrote.
        assertTrue(file.length() > compressed.result.sizeBytes)
        assertEquals(Method.CARRIER, compressed.result.method)
        assertEquals(photo.length(), compressed.originalBytes)
        val exif = ExifInterface(file)
        assertEquals("Maker", exif.getAttribute(ExifInterface.TAG_MAKE))
        assertEquals("2026:01:02 03:04:05", exif.getAttribute(ExifInterface.TAG_DATETIME_ORIGINAL))
        assertEquals(48.2, exif.latLong!![0], 1e-6)
        assertEquals(90, exif.rotationDegrees)
        // Stored lying, shown upright.
        assertEquals(256 to 192, compressed.result.width to compressed.result.height)
        assertEquals(192 to 256, compressed.before.width to compressed.before.height)
        assertEquals(192 to 256, compressed.after.width to compressed.after.height)
    }

    @Test
    fun `what is no picture leaves no file`() {
        val broken = File.createTempFile("broken", ".jpg").apply { writeText("no picture") }
        val file = File(broken.path + ".out.jpg")
        assertThrows(IOException::class.java) { runBlocking { compressor.compress(Uri.fromFile(broken), Target.Quality(75), file) } }
        assertFalse(file.exists())
        assertEquals(emptyList<String>(), file.parentFile!!.list()!!.filter { it.startsWith(file.name) })
        broken.delete()
        Unit
    }
}
