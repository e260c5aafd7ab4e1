package jpegpre.android

import android.graphics.Bitmap
import android.graphics.BitmapFactory
import android.graphics.Gainmap
import java.io.ByteArrayOutputStream
import java.io.IOException
import java.io.OutputStream
import jpegpre.android.jpeg.FinishedFile
import jpegpre.android.jpeg.JpegHeader
import jpegpre.android.jpeg.JpegTables
import jpegpre.android.jpeg.TunedTables
import kotlinx.coroutines.runBlocking
import org.junit.After
import org.junit.Assert.assertArrayEquals
import org.junit.Assert.assertEquals
import org.junit.Assert.assertNull
import org.junit.Assert.assertThrows
import org.junit.Assert.assertTrue
import org.junit.Test
import org.junit.runner.RunWith
import org.robolectric.RobolectricTestRunner

/** With the real network and the real encoder. */
@RunWith(RobolectricTestRunner::class)
class CompressTest {
    private val bitmaps = CountedBitmaps()
    private val preprocessor = open()

    private fun open(
        carriers: Boolean = true,
        probe: EncoderProbe = EncoderProbe.android,
        profile: String = "balanced",
    ) = runBlocking {
        val options = PreprocessorOptions(threads = 2, network = { InterpreterNetwork.open(it) }, carriers = carriers)
        JpegPreprocessor.open(FolderFiles(Cases.models.resolve(profile)), options, bitmaps, probe)
    }

    @After
    fun close() = preprocessor.close()

    @Test
    fun `files are smaller, whole, and have the model's own tables`() = runBlocking {
        val bitmap = photo(501, 333)
        val tuned = TunedTables.parse(Cases.models.resolve("balanced/tables.json").readText())
        for (quality in listOf(1, 30, 75, 95, 100)) {
            val out = ByteArrayOutputStream()
            val result = preprocessor.compress(bitmap, quality, out)
            assertEquals(plain(bitmap, quality).size.toLong(), result.plainSizeBytes)
            assertEquals(out.size().toLong(), result.sizeBytes)
            assertEquals(quality, result.quality)
            assertEquals(501 to 333, result.width to result.height)
            assertTrue(result.sizeBytes <= result.plainSizeBytes)
            val header = JpegHeader.read(out.toByteArray())
            assertEquals(501 to 333, header.width to header.height)
            if (result.method == Method.CARRIER) {
                assertEquals(tuned.tables(quality), JpegTables(header.table(0).entries, header.table(1).entries))
                assertNull(result.fallbackReason)
            } else if (result.method == Method.PLAIN) {
                assertArrayEquals(plain(bitmap, quality), out.toByteArray())
            }
            // Near steps of one level this noise has more contrast than a carrier can hold.
            if (quality in 30..75) assertEquals("quality $quality", Method.CARRIER, result.method)
            val decoded = BitmapFactory.decodeByteArray(out.toByteArray(), 0, out.size())
            assertEquals(501 to 333, decoded.width to decoded.height)
        }
        bitmaps.assertAllRecycled()
    }

    @Test
    fun `where carriers cannot be used pixels are edited, and the result says why`() = runBlocking {
        val bitmap = photo(500, 333)
        val gainmapped = photo(500, 333).apply { gainmap = Gainmap(photo(16, 12)) }
        val other = EncoderProbe { picture, quality -> plain(picture, quality).also { it[frame(it) + 7] = 0x11 } }
        // Sets every coefficient beyond the first to 0, by a table of its own choice.
        val coarse = EncoderProbe { picture, _ -> plain(picture, 5).also { FinishedFile.finish(it, it.size, tables(5), tables(75), picture.height, picture.width) } }
        for ((why, picture, opened) in listOf(
            Triple("carriers are switched off", bitmap, open(carriers = false)),
            Triple("Android writes pictures with a gain map in a way of its own", gainmapped, open()),
            Triple("Bitmap.compress at quality 75: expected 4:2:0, received 1x1 1x1 1x1", bitmap, open(probe = other)),
            Triple("Bitmap.compress changes coefficients by rules of its own", bitmap, open(probe = coarse)),
        )) {
            opened.use { preprocessor ->
                val out = ByteArrayOutputStream()
                val result = preprocessor.compress(picture, 75, out)
                assertEquals(why, result.fallbackReason)
                assertEquals(Method.EDIT, result.method)
                assertTrue(result.sizeBytes < result.plainSizeBytes)
                if (picture === bitmap) assertArrayEquals(plain(preprocessor.preprocess(bitmap, 75), 75), out.toByteArray())
            }
        }
    }

    @Test
    fun `steps too fine for a carrier have pixels edited at that quality alone`() = runBlocking {
        val bitmap = photo(500, 333)
        val fine = preprocessor.compress(bitmap, 99, ByteArrayOutputStream())
        assertTrue("${fine.method}", fine.method != Method.CARRIER)
        if (fine.method == Method.EDIT) {
            val reason = "more than 1 in 500 coefficients would come out otherwise: steps are too fine for 8-bit samples"
            assertEquals(reason, fine.fallbackReason)
        }
        // Tries high qualities before it finds the one that fits.
        val fitting = preprocessor.compress(bitmap, Target.MaxBytes(plain(bitmap, 60).size.toLong()), ByteArrayOutputStream())
        assertEquals(Method.CARRIER, fitting.method)
        assertNull(fitting.fallbackReason)
        bitmaps.assertAllRecycled()
    }

    @Test
    fun `every kind of bitmap makes the file that its levels in ARGB_8888 make, ten bits too`() = runBlocking {
        val photo = photo(301, 203)
        for (config in listOf(Bitmap.Config.RGB_565, Bitmap.Config.RGBA_F16, Bitmap.Config.RGBA_1010102, Bitmap.Config.ARGB_8888)) {
            val bitmap = photo.copy(config, false)
            val eightBits = bitmap.copy(Bitmap.Config.ARGB_8888, true)
            for (target in listOf(Target.Quality(75), Target.MaxBytes(9000))) {
                val (received, expected) = listOf(bitmap, eightBits).map { each ->
                    val out = ByteArrayOutputStream()
                    val result = preprocessor.compress(each, target, out)
                    assertEquals("$config $target", Method.CARRIER, result.method)
                    out.toByteArray()
                }
                assertArrayEquals("$config $target", expected, received)
            }
        }
        bitmaps.assertAllRecycled()
    }

    @Test
    fun `an encoder that writes another file than it was asked about is noticed`() = runBlocking {
        // Says that it has the tables of another quality.
        val liar = EncoderProbe { picture, quality -> plain(picture, if (picture.width == 16) quality - 1 else quality) }
        open(probe = liar).use { preprocessor ->
            val result = preprocessor.compress(photo(500, 333), 75, ByteArrayOutputStream())
            assertEquals(Method.EDIT, result.method)
            assertTrue(result.fallbackReason, "it must have the tables that its carrier was made for" in result.fallbackReason!!)
        }
        bitmaps.assertAllRecycled()
    }

    @Test
    fun `the blocking call writes the same file, and stops when it is interrupted`() {
        val bitmap = photo(500, 333)
        val (first, second) = List(2) { ByteArrayOutputStream() }
        val result = preprocessor.compressBlocking(bitmap, Target.Quality(75), first)
        assertEquals(result, runBlocking { preprocessor.compress(bitmap, 75, second) })
        assertArrayEquals(second.toByteArray(), first.toByteArray())
        val third = ByteArrayOutputStream()
        Thread.currentThread().interrupt()
        assertThrows(InterruptedException::class.java) { preprocessor.compressBlocking(photo(2000, 1500), Target.Quality(75), third) }
        assertEquals(0, third.size())
    }

    @Test
    fun `pictures of the Python cases, for Python to look at`() = runBlocking {
        val cases = Cases.read("carriers.json").filter { it.getBoolean("has_own_tables") }
        for ((profile, group) in cases.groupBy { it.getString("profile") }) {
            open(profile = profile).use { preprocessor ->
                for (case in group) {
                    val out = ByteArrayOutputStream()
                    val target = Target.Quality(case.getInt("quality"))
                    val picture = Cases.picture(case.getString("picture"))
                    val result = preprocessor.compress(picture, target, out, case.getDouble("strength").toFloat())
                    val label = "$profile ${case.getInt("number")}"
                    assertEquals(label, case.getString("method"), result.method.name)
                    if (result.method == Method.EDIT) assertEquals(label, case.getString("edit_reason"), result.fallbackReason)
                    Cases.output("compressed-${case.getInt("number")}.jpg").writeBytes(out.toByteArray())
                }
            }
        }
        for (quality in listOf(75, 100)) {
            Cases.output("quality-$quality.jpg").outputStream().use {
                preprocessor.compress(photo(200, 150), Target.Quality(quality), it, strength = 0f)
            }
        }
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
        assertEquals(Method.PLAIN, result.method)
        assertEquals(0, bitmaps.made.size)
    }

    @Test
    fun `where editing saves nothing the plain file is taken`() = runBlocking {
        // One colour: nothing can be saved.
        val bitmap = Bitmap.createBitmap(64, 64, Bitmap.Config.ARGB_8888).apply { eraseColor(0xff336699.toInt()) }
        val out = ByteArrayOutputStream()
        val result = preprocessor.compress(bitmap, 75, out)
        assertEquals(Method.PLAIN, result.method)
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
        )
        for ((name, call) in wrong) {
            val error = assertThrows(IllegalArgumentException::class.java) { runBlocking { call() } }
            assertTrue(error.message, error.message!!.startsWith("`$name` must be"))
        }
    }

    @Test
    fun `progress goes from 0 to 1`() = runBlocking {
        val shares = mutableListOf<Float>()
        preprocessor.preprocess(photo(900, 700), 75) { synchronized(shares) { shares += it } }
        assertTrue(shares.size > 1)
        assertEquals(shares.sorted().distinct(), shares.sorted())
        assertEquals(1f, shares.max())
    }

    private fun plain(bitmap: Bitmap, quality: Int): ByteArray {
        val out = ByteArrayOutputStream()
        assertTrue(bitmap.compress(Bitmap.CompressFormat.JPEG, quality, out))
        return out.toByteArray()
    }

    private fun tables(quality: Int) = JpegTables.ofQuality(quality)

    /** Where the frame header's payload begins. */
    private fun frame(file: ByteArray) = JpegHeader.read(file).frameStart
}
