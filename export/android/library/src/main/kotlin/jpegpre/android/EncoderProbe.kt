package jpegpre.android

import android.graphics.Bitmap
import android.graphics.BitmapFactory
import java.io.ByteArrayOutputStream
import jpegpre.android.jpeg.BlockRounding
import jpegpre.android.jpeg.JpegFileException
import jpegpre.android.jpeg.JpegHeader
import jpegpre.android.jpeg.JpegTables
import kotlin.math.PI
import kotlin.math.cos
import kotlin.math.round
import kotlin.math.sqrt

/**
 * What an encoder does with a carrier, found out by small files that it writes: its tables by quality, and whether it writes
 * the coefficients that it is given. Asked once for each quality.
 *
 * @param compress Writes a bitmap as JPEG at a quality.
 */
internal class EncoderProbe(private val compress: (Bitmap, Int) -> ByteArray) {
    private val known = mutableMapOf<Int, JpegTables>()
    private var refusal: String? = null
    private var isChecked = false

    /** Why no carrier can be made for this encoder, null if one can. */
    @Synchronized
    fun refusal(): String? {
        if (!isChecked) {
            refusal = try {
                if (isRounding()) null else "Bitmap.compress changes coefficients by rules of its own"
            } catch (error: CarrierException) {
                error.message
            }
            isChecked = true
        }
        return refusal
    }

    /** @throws CarrierException if the encoder's files are not 4:2:0 with two tables of 8 bits. */
    @Synchronized
    fun tables(quality: Int): JpegTables = known[quality] ?: read(quality).also { known[quality] = it }

    private fun read(quality: Int): JpegTables {
        val gray = bitmap(16) { 128 }
        try {
            val header = JpegHeader.read(compress(gray, quality))
            if (!header.isHalved) throw JpegFileException("expected 4:2:0, received ${header.sampling}")
            val tables = List(3) { header.table(it) }
            if (tables.any { it.entryBytes != 1 || it.entries.min() < 1 }) throw JpegFileException("expected tables of 8 bits")
            if (!tables[1].entries.contentEquals(tables[2].entries)) throw JpegFileException("expected one table for Cb and Cr")
            return JpegTables(tables[0].entries, tables[1].entries)
        } catch (error: JpegFileException) {
            throw CarrierException("Bitmap.compress at quality $quality: ${error.message}")
        } finally {
            gray.recycle()
        }
    }

    /** Whether the luma coefficients of a small carrier come out as they went in. */
    private fun isRounding(): Boolean {
        val table = tables(QUALITY).luma
        val blocks = (SIDE / 8) * (SIDE / 8)
        var state = 1
        val wanted = FloatArray(64 * blocks) {
            state = state * 1103515245 + 12345
            val k = it % 64
            // Most coefficients of pictures are small, and those of high frequencies 0.
            if (k / 8 + k % 8 < 6) ((state ushr 16) % 5 - 2).toFloat() else 0f
        }
        val samples = IntArray(wanted.size)
        BlockRounding(table).roundBlocks(wanted, blocks, samples, FloatArray(wanted.size))
        val at = { x: Int, y: Int -> samples[(8 * (y % 8) + x % 8) * blocks + y / 8 * (SIDE / 8) + x / 8] }
        val picture = bitmap(SIDE) { at(it % SIDE, it / SIDE).coerceIn(0, 255) }
        val file = try {
            compress(picture, QUALITY)
        } finally {
            picture.recycle()
        }
        val decoded = BitmapFactory.decodeByteArray(file, 0, file.size) ?: return false
        if (decoded.width != SIDE || decoded.height != SIDE) return false
        val pixels = IntArray(SIDE * SIDE)
        decoded.getPixels(pixels, 0, SIDE, 0, 0, SIDE, SIDE)
        decoded.recycle()
        val changed = wanted.indices.count { index ->
            val block = index / 64
            val found = coefficient(pixels, block % (SIDE / 8) * 8, block / (SIDE / 8) * 8, index % 64)
            round(found / table[index % 64]) != wanted[index].toDouble()
        }
        return changed <= MOST_CHANGED * wanted.size
    }

    private fun coefficient(pixels: IntArray, left: Int, top: Int, k: Int): Double {
        var sum = 0.0
        for (y in 0 until 8) {
            for (x in 0 until 8) {
                val level = (pixels[(top + y) * SIDE + left + x] shr 8 and 255) - 128
                sum += level * cos((2 * y + 1) * (k / 8) * PI / 16) * cos((2 * x + 1) * (k % 8) * PI / 16)
            }
        }
        return sum * (if (k / 8 == 0) sqrt(1.0 / 8) else 0.5) * (if (k % 8 == 0) sqrt(1.0 / 8) else 0.5)
    }

    private fun bitmap(side: Int, level: (Int) -> Int): Bitmap {
        val pixels = IntArray(side * side) { (0xff shl 24) or level(it) * 0x10101 }
        return Bitmap.createBitmap(pixels, side, side, Bitmap.Config.ARGB_8888)
    }

    companion object {
        /** Android's own encoder, asked once for the process. */
        val android: EncoderProbe = EncoderProbe { bitmap, quality ->
            ByteArrayOutputStream().also { out ->
                if (!bitmap.compress(Bitmap.CompressFormat.JPEG, quality, out)) throw CarrierException("Bitmap.compress failed")
            }.toByteArray()
        }

        private const val QUALITY = 75
        private const val SIDE = 64

        /** Encoders that round change none; adaptive ones several percent. */
        private const val MOST_CHANGED = 0.005
    }
}

/** A carrier cannot be used here; the message says why. */
internal class CarrierException(message: String) : Exception(message)
