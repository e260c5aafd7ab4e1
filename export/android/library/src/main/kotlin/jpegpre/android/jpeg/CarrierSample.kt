package jpegpre.android.jpeg

/**
 * Coefficients of rows of MCUs spread evenly over a picture, of half a megapixel to one: what their carrier cuts tells
 * enough of the picture's, and trying qualities takes time. Filled by several threads, each with MCUs of its own.
 *
 * @param height Of the picture, in pixels, as is [width].
 */
internal class CarrierSample(height: Int, width: Int) {
    private val columns = (width + 15) / 16
    private val every: Int
    private val rows: Int
    private val values: ShortArray

    /** Coefficients that are kept. */
    val size: Int get() = values.size

    init {
        val share = (height.toLong() * width / SAMPLED_PIXELS).toInt()
        val whole = height / 16
        val isAll = share < 2 || whole == 0
        // Of pictures wider than 32,768 pixels Python, which has their coefficients anyway, takes all rows instead of one.
        every = if (isAll) 1 else minOf(share, whole)
        rows = if (isAll) (height + 15) / 16 else (whole + every - 1) / every
        values = ShortArray(rows * columns * MCU)
    }

    /** Keeps MCUs of a row: the first [count] of [carrier], which are the picture's from [firstColumn] of row [row] on. */
    fun keep(carrier: CarrierPixels, row: Int, firstColumn: Int, count: Int) {
        if (row % every != 0 || row / every >= rows) return
        for (mcu in 0 until count) {
            val start = (row / every * columns + firstColumn + mcu) * MCU
            for ((from, at, to) in parts(carrier, mcu)) for (k in 0 until 64) values[start + to + k] = from[at + k].toInt().toShort()
        }
    }

    /**
     * What is cut of the rows' carrier.
     *
     * @param onRow Called before every row; may throw to stop.
     */
    fun clipping(encoderTables: JpegTables, onRow: () -> Unit): Clipping {
        val carrier = CarrierPixels(encoderTables, minOf(columns, MOST_COLUMNS))
        val pixels = IntArray(16 * 16 * MOST_COLUMNS)
        for (row in 0 until rows) {
            onRow()
            for (first in 0 until columns step MOST_COLUMNS) render(carrier, row, first, pixels)
        }
        return carrier.clipping
    }

    private fun render(carrier: CarrierPixels, row: Int, first: Int, pixels: IntArray) {
        val count = minOf(MOST_COLUMNS, columns - first)
        for (mcu in 0 until count) {
            val start = (row * columns + first + mcu) * MCU
            for ((into, at, from) in parts(carrier, mcu)) for (k in 0 until 64) into[at + k] = values[start + from + k].toFloat()
        }
        carrier.write(count, pixels, 0, 16 * MOST_COLUMNS)
    }

    /** Each block of an MCU: the array of [carrier] that has it, where it begins there, and where in [values]. */
    private fun parts(carrier: CarrierPixels, mcu: Int): List<Triple<FloatArray, Int, Int>> =
        List(4) { Triple(carrier.luma, carrier.lumaBlock(mcu, it), 64 * it) } +
            Triple(carrier.cb, 64 * mcu, 256) + Triple(carrier.cr, 64 * mcu, 320)

    private companion object {
        const val SAMPLED_PIXELS = 1 shl 19
        const val MOST_COLUMNS = 16

        /** Coefficients of an MCU. */
        const val MCU = 384
    }
}
