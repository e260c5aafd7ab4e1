package jpegpre.android

import android.graphics.Bitmap
import java.io.ByteArrayOutputStream
import java.io.IOException
import java.io.OutputStream
import kotlinx.coroutines.runBlocking
import org.json.JSONArray
import org.json.JSONObject
import org.junit.After
import org.junit.Assert.assertArrayEquals
import org.junit.Assert.assertEquals
import org.junit.Assert.assertFalse
import org.junit.Assert.assertThrows
import org.junit.Assert.assertTrue
import org.junit.Test
import org.junit.runner.RunWith
import org.robolectric.RobolectricTestRunner

/** With the real network and the real encoder. */
@RunWith(RobolectricTestRunner::class)
class CompressTest {
    private val bitmaps = CountedBitmaps()
    private val preprocessor = runBlocking {
        JpegPreprocessor.open(FolderFiles(Cases.models.resolve("balanced")), PreprocessorOptions(threads = 2), bitmaps)
    }

    @After
    fun close() = preprocessor.close()

    @Test
    fun `files are smaller, and those of the edited pixels`() = runBlocking {
        val bitmap = photo(500, 333)
        for (quality in listOf(1, 30, 75, 95, 100)) {
            val out = ByteArrayOutputStream()
            val result = preprocessor.compress(bitmap, quality, out)
            val edited = preprocessor.preprocess(bitmap, quality)
            assertEquals(plain(bitmap, quality).size.toLong(), result.plainSizeBytes)
            assertEquals(out.size().toLong(), result.sizeBytes)
            assertEquals(quality, result.quality)
            assertEquals(500 to 333, result.width to result.height)
            assertTrue(result.sizeBytes <= result.plainSizeBytes)
            val expected = if (result.isEdited) plain(edited, quality) else plain(bitmap, quality)
            assertArrayEquals(expected, out.toByteArray())
            if (quality in 30..95) assertTrue("quality $quality", result.isEdited)
        }
    }

    @Test
    fun `pictures of the Python cases, for Python to look at`() = runBlocking {
        val results = JSONArray()
        for (case in Cases.read("parity.json").filter { it.getString("label").startsWith("balanced-int8") }) {
            val picture = Cases.picture(case.getString("picture"))
            val name = case.getString("label") + ".jpg"
            val result = Cases.output(name).outputStream().use {
                val target = Target.Quality(case.getInt("quality"))
                preprocessor.compress(picture, target, it, case.getDouble("strength").toFloat())
            }
            val entry = JSONObject().put("name", name).put("size_bytes", result.sizeBytes).put("is_edited", result.isEdited)
            results.put(entry.put("plain_size_bytes", result.plainSizeBytes).put("label", case.getString("label")))
        }
        for (quality in listOf(75, 100)) {
            Cases.output("quality-$quality.jpg").outputStream().use { preprocessor.compress(photo(200, 150), quality, it) }
        }
        Cases.output("results.json").writeText(results.toString())
    }

    @Test
    fun `a size is met by the highest quality that does`() = runBlocking {
        val bitmap = photo(400, 300)
        for (maxBytes in listOf(6_000L, 20_000L, 40_000L, 1_000_000L)) {
            val out = ByteArrayOutputStream()
            val result = preprocessor.compress(bitmap, Target.MaxBytes(maxBytes), out)
            assertTrue("${out.size()} of $maxBytes", out.size() <= maxBytes)
            assertEquals(out.size().toLong(), result.sizeBytes)
            if (result.quality < 95) {
                val next = preprocessor.compress(bitmap, result.quality + 1, ByteArrayOutputStream())
                assertTrue("quality ${result.quality + 1} has ${next.sizeBytes}", next.sizeBytes > maxBytes)
            }
        }
        bitmaps.assertAllRecycled()
    }

    @Test
    fun `a size that cannot be met says what can`() = runBlocking {
        val out = ByteArrayOutputStream()
        val error = assertFails(ErrorCode.IMPOSSIBLE_SIZE) { preprocessor.compress(photo(400, 300), Target.MaxBytes(900), out) }
        assertEquals(0, out.size())
        val smallest = Regex("has (\\d+);").find(error.message!!)!!.groupValues[1].toLong()
        assertEquals(smallest, preprocessor.compress(photo(400, 300), Target.MaxBytes(smallest), out).sizeBytes)
        bitmaps.assertAllRecycled()
    }

    @Test
    fun `strength 0 is the plain file, and needs no bitmap`() = runBlocking {
        val bitmap = photo(300, 200)
        val out = ByteArrayOutputStream()
        val result = preprocessor.compress(bitmap, Target.Quality(80), out, strength = 0f)
        assertArrayEquals(plain(bitmap, 80), out.toByteArray())
        assertFalse(result.isEdited)
        assertEquals(0, bitmaps.made.size)
    }

    @Test
    fun `where editing saves nothing the plain file is taken`() = runBlocking {
        // One colour: nothing can be saved.
        val bitmap = Bitmap.createBitmap(64, 64, Bitmap.Config.ARGB_8888).apply { eraseColor(0xff336699.toInt()) }
        val out = ByteArrayOutputStream()
        val result = preprocessor.compress(bitmap, 75, out)
        assertFalse(result.isEdited)
        assertArrayEquals(plain(bitmap, 75), out.toByteArray())
    }

    @Test
    fun `a failing stream's own exception comes out, and nothing is leaked`() {
        val failing = object : OutputStream() {
            override fun write(byte: Int) = throw IOException("disk full")
        }
        val error = assertThrows(IOException::class.java) { runBlocking { preprocessor.compress(photo(64, 64), 75, failing) } }
        assertEquals("disk full", error.message)
        bitmaps.assertAllRecycled()
    }

    @Test
    fun `wrong arguments are named`() {
        val bitmap = photo(16, 16)
        val wrong = listOf<Pair<String, suspend () -> Any>>(
            "quality" to { preprocessor.preprocess(bitmap, 0) },
            "quality" to { preprocessor.preprocess(bitmap, 101) },
            "quality" to { preprocessor.compress(bitmap, 101, ByteArrayOutputStream()) },
            "strength" to { preprocessor.preprocess(bitmap, 75, 1.01f) },
            "strength" to { preprocessor.preprocess(bitmap, 75, Float.NaN) },
            "bytes" to { preprocessor.compress(bitmap, Target.MaxBytes(0), ByteArrayOutputStream()) },
            "threads" to { PreprocessorOptions(threads = 0) },
            "pictures" to { PreprocessorOptions(pictures = 0) },
            "tilePixels" to { PreprocessorOptions(tilePixels = 0) },
        )
        for ((name, call) in wrong) {
            val error = assertThrows(IllegalArgumentException::class.java) { runBlocking { call() } }
            assertTrue(error.message, error.message!!.startsWith("`$name` must be"))
        }
    }

    @Test
    fun `progress goes from 0 to 1`() = runBlocking {
        val told = mutableListOf<Float>()
        preprocessor.preprocess(photo(900, 700), 75) { synchronized(told) { told += it } }
        assertTrue(told.size > 1)
        assertEquals(told.sorted().distinct(), told.sorted())
        assertEquals(1f, told.max())
    }

    private fun plain(bitmap: Bitmap, quality: Int): ByteArray {
        val out = ByteArrayOutputStream()
        assertTrue(bitmap.compress(Bitmap.CompressFormat.JPEG, quality, out))
        return out.toByteArray()
    }
}
