package jpegpre.android.jpeg

import android.graphics.Bitmap
import java.io.ByteArrayOutputStream
import java.nio.ByteBuffer
import java.nio.ByteOrder
import java.nio.FloatBuffer
import jpegpre.android.BitmapPixels
import jpegpre.android.Cases
import jpegpre.android.Conditions
import jpegpre.android.CarrierWork
import jpegpre.android.EncoderProbe
import jpegpre.android.TileNetwork
import jpegpre.android.TilePlan
import jpegpre.android.TileWorker
import jpegpre.android.levels
import kotlinx.coroutines.runBlocking
import org.json.JSONObject
import org.junit.Assert.assertArrayEquals
import org.junit.Assert.assertEquals
import org.junit.Assert.assertNull
import org.junit.Assert.assertThrows
import org.junit.Assert.assertTrue
import org.junit.Test
import org.junit.runner.RunWith
import org.robolectric.RobolectricTestRunner

/** Carriers of coefficients that Python decided, against Python's. */
@RunWith(RobolectricTestRunner::class)
class CarrierTest {
    @Test
    fun `carriers of the same coefficients have Python's pixels, after a second pass too`() {
        for (case in Cases.read("carriers.json")) {
            val number = case.getInt("number")
            val (carrier, counts) = carrier(case)
            // Python leaves a carrier alone of which too much is cut for any correction; neither uses it.
            val isHopeless = case.getDouble("clipped_share") >= 0.02
            if (!isHopeless) assertArrayEquals("carrier $number", Cases.file("$number.carrier").readBytes(), carrier.levels())
            assertEquals("carrier $number", case.getDouble("clipped_share"), counts.clipping.share, 1e-12)
            // Python counts where something may be wrong only.
            if (case.getDouble("wrong_share") > 0 && !isHopeless) assertEquals("carrier $number", case.getDouble("wrong_share"), counts.wrongShare, 1e-12)
            assertEquals("carrier $number", case.optString("edit_reason").takeUnless { case.isNull("edit_reason") }, counts.editReason(case.tables()))
        }
    }

    @Test
    fun `the encoder's quality is Python's, also where a picture's contrast is cut`() = runBlocking {
        for (case in Cases.read("carriers.json")) {
            val choice = EncoderChoice(case.tables(), JpegTables::ofQuality)
            val sample = CarrierSample(case.getInt("height"), case.getInt("width"))
            val first = carrier(case, choice.first, sample).second.clipping
            val best = if (first.share <= EncoderChoice.MOST_CLIPPED) choice.first else choice.choose { sample.clipping(it) {} }
            assertEquals("carrier ${case.getInt("number")}", case.getInt("encoder_quality"), best)
        }
    }

    @Test
    fun `what another quality is chosen by takes few megabytes, whatever the picture`() {
        for ((height, width) in listOf(1 to 1, 15 to 65_488, 65_488 to 16, 6144 to 8160, 5000 to 40_000, 32 to 65_488)) {
            val size = CarrierSample(height, width).size
            assertTrue("$width x $height: $size", size in 384..(3 shl 20))
        }
    }

    @Test
    fun `Android's encoder and the finished header, for Python to look at`() {
        for (case in Cases.read("carriers.json")) {
            val number = case.getInt("number")
            val width = (case.getInt("width") + 15) / 16 * 16
            val levels = Cases.file("$number.carrier").readBytes()
            val pixels = IntArray(levels.size / 3) {
                val level = { channel: Int -> levels[3 * it + channel].toInt() and 255 }
                (0xff shl 24) or (level(0) shl 16) or (level(1) shl 8) or level(2)
            }
            val bitmap = Bitmap.createBitmap(pixels, width, pixels.size / width, Bitmap.Config.ARGB_8888)
            val file = compress(bitmap, case.getInt("encoder_quality"))
            val encoded = file.copyOf()
            val own = EncoderProbe.android.tables(case.getInt("encoder_quality"))
            FinishedFile.finish(file, file.size, own, case.tables(), case.getInt("height"), case.getInt("width"))
            // Two tables and two sides, nothing else.
            assertTrue(encoded.indices.count { encoded[it] != file[it] } <= 132)
            Cases.output("finished-$number.jpg").writeBytes(file)
        }
    }

    @Test
    fun `the encoder is asked once, and found to be one that carriers can be made for`() {
        assertNull(EncoderProbe.android.refusal())
        for (quality in EncoderChoice.CANDIDATES) assertEquals(JpegTables.ofQuality(quality), EncoderProbe.android.tables(quality))
        var calls = 0
        val probe = EncoderProbe { bitmap, quality -> compress(bitmap, quality).also { calls++ } }
        repeat(3) { assertNull(probe.refusal()) }
        repeat(3) { probe.tables(75) }
        assertEquals(2, calls)
    }

    @Test
    fun `what is not the file expected is refused and left as it is`() {
        val own = JpegTables.ofQuality(75)
        val target = JpegTables.ofQuality(40)
        val bitmap = Bitmap.createBitmap(32, 48, Bitmap.Config.ARGB_8888)
        val sound = compress(bitmap, 75)
        val header = JpegHeader.read(sound)
        val changed = { at: Int, value: Int -> sound.copyOf().also { it[at] = value.toByte() } }
        val wrong = mapOf(
            "it has no SOI marker" to changed(0, 0),
            "it is truncated" to sound.copyOf(sound.size - 2),
            "it must be 4:2:0. Received: 1x1 1x1 1x1" to changed(header.frameStart + 7, 0x11),
            "it must be 32 x 48 pixels. Received: 32 x 64" to changed(header.frameStart + 2, 64),
            "it must have the tables that its carrier was made for" to compress(bitmap, 76),
            "its samples have 12 bits, not 8" to changed(header.frameStart, 12),
            "it is neither baseline nor progressive" to changed(header.frameStart - 3, 0xc9),
        )
        for ((message, file) in wrong) {
            val before = file.copyOf()
            val error = assertThrows(JpegFileException::class.java) { FinishedFile.finish(file, file.size, own, target, 41, 30) }
            assertEquals(message, error.message)
            assertArrayEquals(before, file)
        }
        val error = assertThrows(JpegFileException::class.java) { FinishedFile.finish(sound, sound.size, own, target, 32, 30) }
        assertEquals("it must be 32 x 32 pixels. Received: 32 x 48", error.message)
        FinishedFile.finish(sound, sound.size, own, target, 41, 30)
        val finished = JpegHeader.read(sound)
        assertEquals(41 to 30, finished.height to finished.width)
        assertEquals(target, JpegTables(finished.table(0).entries, finished.table(2).entries))
    }

    /** By the way that tiles go, with a network that answers with Python's coefficients. */
    private fun carrier(
        case: JSONObject,
        encoderQuality: Int = case.getInt("encoder_quality"),
        sample: CarrierSample? = null,
    ): Pair<Bitmap, CarrierCounts> {
        val height = case.getInt("height")
        val width = case.getInt("width")
        val planes = Planes(height, width, Cases.file("${case.getInt("number")}.coefficients").readBytes())
        val bitmap = Bitmap.createBitmap((width + 15) / 16 * 16, (height + 15) / 16 * 16, Bitmap.Config.ARGB_8888)
        val tables = JpegTables.ofQuality(encoderQuality)
        val work = CarrierWork(BitmapPixels(bitmap), height, width, Conditions(case.tables(), 1f), tables, sample)
        val plan = TilePlan.of(height, width, SIDE, 16, 16)
        val tools = TileWorker.Tools(planes)
        for (tile in plan.tiles) {
            planes.top = tile.row.start
            planes.left = tile.column.start
            work.infer(tools)
            work.keep(tools, tile)
        }
        return bitmap to work.counts
    }

    private class Planes(private val height: Int, private val width: Int, content: ByteArray) : TileNetwork {
        private val values = ByteBuffer.wrap(content).order(ByteOrder.LITTLE_ENDIAN).asShortBuffer()
        private val order = (0 until 64).sortedBy { 64 * (it / 8 + it % 8) + it }
        var top = 0
        var left = 0

        override val tileSide = SIDE

        override fun decide(levels: ByteBuffer, conditions: Conditions, luma: FloatBuffer, chroma: FloatBuffer) {
            val rows = (height + 7) / 8
            val columns = (width + 7) / 8
            fill(luma, 0, rows, columns, 8, 64, 0)
            val halfRows = (height + 15) / 16
            val halfColumns = (width + 15) / 16
            fill(chroma, 64 * rows * columns, halfRows, halfColumns, 16, 128, 0)
            fill(chroma, 64 * (rows * columns + halfRows * halfColumns), halfRows, halfColumns, 16, 128, 64)
        }

        private fun fill(into: FloatBuffer, start: Int, rows: Int, columns: Int, unit: Int, stride: Int, offset: Int) {
            val side = SIDE / unit
            for (block in 0 until side * side) {
                val row = top / unit + block / side
                val column = left / unit + block % side
                for (k in 0 until 64) {
                    // Beyond the picture the network decides something, too.
                    val value = if (row < rows && column < columns) values.get(start + 64 * (row * columns + column) + order[k]) else 9
                    into.put(stride * block + offset + k, value.toFloat())
                }
            }
        }

        override fun edit(levels: ByteBuffer, conditions: Conditions, result: ByteBuffer) = error("not asked")

        override fun close() = Unit
    }

    private fun JSONObject.tables(): JpegTables {
        val (luma, chroma) = List(2) { i -> getJSONArray("tables").getJSONArray(i).let { list -> IntArray(64) { list.getInt(it) } } }
        return JpegTables(luma, chroma)
    }

    private fun compress(bitmap: Bitmap, quality: Int): ByteArray {
        val out = ByteArrayOutputStream()
        assertTrue(bitmap.compress(Bitmap.CompressFormat.JPEG, quality, out))
        return out.toByteArray()
    }

    private companion object {
        const val SIDE = 256
    }
}
