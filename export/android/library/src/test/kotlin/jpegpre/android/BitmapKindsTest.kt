package jpegpre.android

import android.graphics.Bitmap
import android.graphics.BitmapFactory
import android.graphics.Color
import android.graphics.ColorSpace
import android.graphics.Gainmap
import java.io.ByteArrayOutputStream
import kotlinx.coroutines.runBlocking
import org.junit.After
import org.junit.Assert.assertArrayEquals
import org.junit.Assert.assertEquals
import org.junit.Assert.assertFalse
import org.junit.Assert.assertNotEquals
import org.junit.Assert.assertNotSame
import org.junit.Assert.assertNull
import org.junit.Assert.assertTrue
import org.junit.Test
import org.junit.runner.RunWith
import org.robolectric.RobolectricTestRunner
import org.robolectric.util.ReflectionHelpers

/** Every configuration, with a stand-in for the network that inverts levels, so that results can be told exactly. */
@RunWith(RobolectricTestRunner::class)
class BitmapKindsTest {
    private val bitmaps = CountedBitmaps()
    private val options = PreprocessorOptions(threads = 2, network = SlowInverter())
    private val preprocessor = runBlocking {
        JpegPreprocessor.open(FolderFiles(Cases.models.resolve("balanced")), options, bitmaps)
    }

    @After
    fun close() = preprocessor.close()

    @Test
    fun `the bitmap that is given is not changed, and the result is another`() = runBlocking {
        val bitmap = photo(301, 203).apply { density = 320 }
        val before = bitmap.fingerprint()
        val edited = preprocessor.preprocess(bitmap, 75)
        assertEquals(before, bitmap.fingerprint())
        assertNotSame(bitmap, edited)
        assertArrayEquals(bitmap.levels().inverted(), edited.levels())
        assertEquals(Bitmap.Config.ARGB_8888, edited.config)
        assertEquals(320, edited.density)
        assertTrue(edited.isMutable)
        assertFalse(bitmap.isRecycled)
    }

    @Test
    fun `one row, one column, one pixel`() = runBlocking {
        for ((width, height) in listOf(1 to 1, 1 to 700, 700 to 1, 17 to 15)) {
            val bitmap = photo(width, height)
            assertArrayEquals(bitmap.levels().inverted(), preprocessor.preprocess(bitmap, 75).levels())
        }
    }

    @Test
    fun `strength 0 is an equal copy`() = runBlocking {
        val bitmap = photo(1201, 703)
        val edited = preprocessor.preprocess(bitmap, 75, strength = 0f)
        assertNotSame(bitmap, edited)
        assertArrayEquals(bitmap.levels(), edited.levels())
    }

    @Test
    fun `RGB_565 is read as it is shown, and gives eight bits`() = runBlocking {
        val bitmap = photo(65, 33, Bitmap.Config.RGB_565)
        val edited = preprocessor.preprocess(bitmap, 75)
        assertEquals(Bitmap.Config.ARGB_8888, edited.config)
        assertFalse(edited.hasAlpha())
        assertArrayEquals(bitmap.levels().inverted(), edited.levels())
        assertEquals("no copy needed", 1, bitmaps.made.size)
    }

    @Test
    fun `more bits a channel become sRGB`() = runBlocking {
        for (config in listOf(Bitmap.Config.RGBA_F16, Bitmap.Config.RGBA_1010102)) {
            val bitmap = photo(65, 33).copy(config, false)
            val edited = preprocessor.preprocess(bitmap, 75)
            assertEquals(Bitmap.Config.ARGB_8888, edited.config)
            assertTrue(edited.colorSpace!!.isSrgb)
            assertArrayEquals(bitmap.levels().inverted(), edited.levels())
        }
    }

    @Test
    fun `a bitmap on the graphics card is copied, and the copy freed`() = runBlocking {
        // Robolectric has no graphics card and keeps such bitmaps in memory: this one is only said to be unreadable.
        val bitmap = photo(65, 33)
        val onCard = object : Bitmaps() {
            val copies = mutableListOf<Bitmap>()

            override fun isReadable(bitmap: Bitmap) = false

            override fun copy(bitmap: Bitmap) = super.copy(bitmap).also { copies += it }
        }
        JpegPreprocessor.open(FolderFiles(Cases.models.resolve("balanced")), options, onCard).use { preprocessor ->
            assertArrayEquals(bitmap.levels().inverted(), preprocessor.preprocess(bitmap, 75).levels())
            preprocessor.compress(bitmap, 75, ByteArrayOutputStream())
            preprocessor.compress(bitmap, Target.MaxBytes(5000), ByteArrayOutputStream())
        }
        assertEquals(listOf(true, true, true), onCard.copies.map { it.isRecycled })
    }

    @Test
    fun `wide colours stay wide`() = runBlocking {
        val p3 = ColorSpace.get(ColorSpace.Named.DISPLAY_P3)
        val bitmap = Bitmap.createBitmap(33, 17, Bitmap.Config.ARGB_8888, false, p3)
        // Fully green of Display P3, which sRGB does not have: read as sRGB it would be cut off.
        bitmap.eraseColor(Color.pack(0f, 1f, 0f, 1f, p3))
        val edited = preprocessor.preprocess(bitmap, 75)
        assertEquals(p3, edited.colorSpace)
        assertEquals(p3, bitmap.colorSpace)
        edited.setColorSpace(ColorSpace.get(ColorSpace.Named.SRGB))
        assertEquals("inverted levels as stored", Color.rgb(255, 0, 255), edited.getPixel(5, 5))
        assertEquals(1, bitmaps.made.count { it.isRecycled })
    }

    @Test
    fun `compressing keeps the colour space and its levels, in searches too`() = runBlocking {
        val p3 = ColorSpace.get(ColorSpace.Named.DISPLAY_P3)
        val bitmap = photo(120, 90).copy(Bitmap.Config.ARGB_8888, true).apply { setColorSpace(p3) }
        val before = bitmap.fingerprint()
        for (target in listOf(Target.Quality(75), Target.MaxBytes(6000))) {
            val out = ByteArrayOutputStream()
            preprocessor.compress(bitmap, target, out)
            val decoded = BitmapFactory.decodeByteArray(out.toByteArray(), 0, out.size())
            assertEquals(p3, decoded.colorSpace)
            assertEquals(before, bitmap.fingerprint())
            assertEquals(p3, bitmap.colorSpace)
        }
        bitmaps.assertAllRecycled()
    }

    @Test
    fun `alpha is carried over and colours are edited as if opaque`() = runBlocking {
        val bitmap = Bitmap.createBitmap(40, 30, Bitmap.Config.ARGB_8888)
        bitmap.eraseColor(Color.argb(255, 10, 20, 30))
        bitmap.setPixel(7, 9, Color.argb(0, 0, 0, 0))
        bitmap.setPixel(8, 9, Color.argb(51, 255, 0, 255))
        val edited = preprocessor.preprocess(bitmap, 75)
        assertTrue(edited.hasAlpha())
        assertEquals(0, Color.alpha(edited.getPixel(7, 9)))
        assertEquals(Color.argb(51, 0, 255, 0), edited.getPixel(8, 9))
        assertEquals(Color.rgb(245, 235, 225), edited.getPixel(0, 0))
    }

    @Test
    fun `compressing puts transparency on the background`() = runBlocking {
        val bitmap = Bitmap.createBitmap(64, 64, Bitmap.Config.ARGB_8888)
        bitmap.eraseColor(Color.TRANSPARENT)
        for ((background, expected) in listOf(null to Color.WHITE, Color.rgb(0, 0, 200) to Color.rgb(0, 0, 200))) {
            val out = ByteArrayOutputStream()
            val result = if (background == null) {
                preprocessor.compress(bitmap, Target.Quality(90), out, strength = 0f)
            } else {
                preprocessor.compress(bitmap, Target.Quality(90), out, strength = 0f, background = background)
            }
            assertTrue(result.isFlattened)
            val pixel = BitmapFactory.decodeByteArray(out.toByteArray(), 0, out.size()).getPixel(32, 32)
            for (shift in listOf(0, 8, 16)) assertEquals((expected shr shift and 255).toDouble(), (pixel shr shift and 255).toDouble(), 3.0)
        }
        val opaque = photo(64, 64)
        assertTrue(opaque.hasAlpha())
        assertFalse(preprocessor.compress(opaque, 90, ByteArrayOutputStream()).isFlattened)
        bitmaps.assertAllRecycled()
    }

    @Test
    fun `an HDR gain map is handed on`() = runBlocking {
        val bitmap = photo(64, 48)
        assertNull(preprocessor.preprocess(bitmap, 75).gainmap)
        bitmap.gainmap = Gainmap(photo(16, 12))
        assertEquals(16, preprocessor.preprocess(bitmap, 75).gainmap!!.gainmapContents.width)
    }

    @Test
    fun `what holds no picture is refused`() = runBlocking {
        val mask = Bitmap.createBitmap(10, 10, Bitmap.Config.ALPHA_8)
        val recycled = photo(10, 10).apply { recycle() }
        val empty = photo(10, 10).also { ReflectionHelpers.setField(it, "mWidth", 0) }
        for ((bitmap, code) in listOf(
            mask to ErrorCode.UNSUPPORTED_BITMAP,
            recycled to ErrorCode.INVALID_BITMAP,
            empty to ErrorCode.INVALID_BITMAP,
        )) {
            assertFails(code) { preprocessor.preprocess(bitmap, 75) }
            val out = ByteArrayOutputStream()
            assertFails(code) { preprocessor.compress(bitmap, 75, out) }
            assertFails(code) { preprocessor.compress(bitmap, Target.MaxBytes(1000), out) }
            assertEquals(0, out.size())
        }
        val long = Bitmap.createBitmap(65536, 1, Bitmap.Config.ARGB_8888)
        assertFails(ErrorCode.TOO_LARGE) { preprocessor.compress(long, 75, ByteArrayOutputStream()) }
        assertEquals(65536, preprocessor.preprocess(long, 75).width)
        assertNotEquals(0, bitmaps.made.size)
    }

    private fun ByteArray.inverted() = ByteArray(size) { (255 - this[it]).toByte() }
}
