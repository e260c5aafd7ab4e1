package jpegpre.android

import java.nio.FloatBuffer
import java.util.concurrent.ConcurrentHashMap
import jpegpre.android.jpeg.CarrierCorrection
import jpegpre.android.jpeg.CarrierCounts
import jpegpre.android.jpeg.CarrierPixels
import jpegpre.android.jpeg.CarrierSample
import jpegpre.android.jpeg.Clipping
import jpegpre.android.jpeg.JpegTables
import jpegpre.android.jpeg.McuSamples
import jpegpre.android.jpeg.WrongCoefficients

/**
 * Puts the carrier of what the network decides into [target].
 *
 * A carrier's pixels depend on their own MCU alone, so each tile's go to their place at once: coefficients of no more than
 * a tile exist at a time.
 *
 * @param target As large as the picture, rounded up to multiples of 16.
 * @param height Of the picture, in pixels, as is [width].
 * @param sample Gets what another quality of the encoder is chosen by.
 */
internal class CarrierWork(
    private val target: Pixels,
    private val height: Int,
    private val width: Int,
    private val conditions: Conditions,
    private val encoderTables: JpegTables,
    private val sample: CarrierSample? = null,
) : TileWork {
    private val parts = ConcurrentHashMap<TileWorker.Tools, Part>()

    /** Of the whole carrier; complete when all tiles are done. */
    val counts: CarrierCounts
        get() {
            val all = parts.values
            val clipping = Clipping().apply { all.forEach { add(it.carrier.clipping) } }
            val wrong = all.sumOf { it.wrong.wrong }.toDouble() / maxOf(1, all.sumOf { it.wrong.total })
            return CarrierCounts(clipping, wrong, encoderTables)
        }

    /** What a thread works with. */
    private inner class Part(side: Int) {
        val carrier = CarrierPixels(encoderTables, side / MCU)
        val wrong = WrongCoefficients(encoderTables)
        private val correction = if (encoderTables.isFine) CarrierCorrection(encoderTables) else null
        private val samples = McuSamples()

        /** Corrects a row of MCUs and counts what comes out otherwise all the same. */
        fun check(pixels: IntArray, count: Int) {
            for (mcu in 0 until count) {
                correction?.correct(pixels, MCU * mcu, MCU * count, carrier, mcu)
                samples.read(pixels, MCU * mcu, MCU * count)
                wrong.add(samples, carrier, mcu)
            }
        }
    }

    override fun infer(tools: TileWorker.Tools) = tools.network.decide(tools.levels, conditions, tools.luma, tools.chroma)

    override fun keep(tools: TileWorker.Tools, tile: Tile) {
        val part = parts[tools] ?: Part(tools.side).also { parts[tools] = it }
        val carrier = part.carrier
        val firstRow = tile.row.keepFrom / MCU
        val lastRow = (tile.row.keepTo - 1) / MCU
        val firstColumn = tile.column.keepFrom / MCU
        val count = (tile.column.keepTo - 1) / MCU - firstColumn + 1
        val left = firstColumn - tile.column.start / MCU
        for (row in firstRow..lastRow) {
            read(tools, carrier, row - tile.row.start / MCU, left, count)
            val lumaRows = minOf(2, blocks(height) - 2 * row)
            carrier.complete(lumaRows, minOf(2 * count, blocks(width) - 2 * firstColumn), count)
            // The tile's own pixels are not needed any more.
            carrier.write(count, tools.pixels, 0, MCU * count)
            part.check(tools.pixels, count)
            sample?.keep(carrier, row, firstColumn, count)
            target.write(tools.pixels, 0, MCU * count, MCU * firstColumn, MCU * row, MCU * count, MCU)
        }
    }

    /** Takes a row of [count] MCUs out of the network's result, from MCU [left] of its row [row] on. */
    private fun read(tools: TileWorker.Tools, carrier: CarrierPixels, row: Int, left: Int, count: Int) {
        val columns = tools.side / MCU
        for (half in 0 until 2) {
            for (block in 0 until 2 * count) {
                val from = (2 * row + half) * 2 * columns + 2 * left + block
                natural(tools.luma, 64 * from, carrier.luma, 64 * (half * 2 * columns + block))
            }
        }
        for (mcu in 0 until count) {
            val from = 128 * (row * columns + left + mcu)
            natural(tools.chroma, from, carrier.cb, 64 * mcu)
            natural(tools.chroma, from + 64, carrier.cr, 64 * mcu)
        }
    }

    private fun natural(from: FloatBuffer, offset: Int, into: FloatArray, start: Int) {
        for (k in 0 until 64) into[start + ORDER[k]] = from.get(offset + k)
    }

    private companion object {
        const val MCU = 16

        /** Natural index of each coefficient of a block that a network gives: by row + column, then by row. */
        val ORDER = (0 until 64).sortedWith(compareBy<Int> { it / 8 + it % 8 }.thenBy { it }).toIntArray()

        fun blocks(length: Int) = (length + 7) / 8
    }
}
