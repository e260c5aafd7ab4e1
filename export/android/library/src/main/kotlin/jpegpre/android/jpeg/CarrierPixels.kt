package jpegpre.android.jpeg

/**
 * Makes the pixels that an encoder of the given tables writes as given coefficients, one row of MCUs at a time.
 *
 * As `jpegpre_tf/jpeg/carriers/carrier.py`. For one thread.
 *
 * @param encoderTables Tables that the encoder will use.
 * @param columns MCUs of 16 x 16 pixels in a row, at most.
 */
internal class CarrierPixels(encoderTables: JpegTables, private val columns: Int) {
    private val lumaRounding = BlockRounding(encoderTables.luma)
    private val chromaRounding = BlockRounding(encoderTables.chroma)

    /** Quantized coefficients of the row to come, natural order: luma blocks of its upper, then its lower half. */
    val luma = FloatArray(4 * columns * 64)
    val cb = FloatArray(columns * 64)
    val cr = FloatArray(columns * 64)

    private val lumaSamples = IntArray(luma.size)
    private val cbSamples = IntArray(cb.size)
    private val crSamples = IntArray(cr.size)
    private val work = FloatArray(luma.size)

    /** What was cut in all rows so far. */
    val clipping = Clipping()

    /**
     * Completes MCUs where the picture ends: blocks beyond repeat the DC of the block before, as libjpeg's do.
     *
     * @param lumaRows Rows of luma blocks of this row of MCUs that hold the picture, 1 or 2.
     * @param lumaColumns Columns of luma blocks that hold it, at most twice [count].
     * @param count MCUs of the row.
     */
    fun complete(lumaRows: Int, lumaColumns: Int, count: Int) {
        for (row in 0 until lumaRows) {
            for (column in lumaColumns until 2 * count) repeat(row, column, row, lumaColumns - 1)
        }
        for (row in lumaRows until 2) {
            for (column in 0 until 2 * count) repeat(row, column, lumaRows - 1, column or 1)
        }
    }

    /** Where block [part], 0..3, of the MCU [mcu] begins in [luma]. */
    fun lumaBlock(mcu: Int, part: Int): Int = 64 * (part / 2 * 2 * columns + 2 * mcu + part % 2)

    private fun repeat(row: Int, column: Int, fromRow: Int, fromColumn: Int) {
        val block = 64 * (row * 2 * columns + column)
        val dc = luma[64 * (fromRow * 2 * columns + fromColumn)]
        luma.fill(0f, block, block + 64)
        luma[block] = dc
    }

    /**
     * Writes the row's pixels.
     *
     * @param count MCUs of the row.
     * @param pixels Opaque ARGB, 16 rows from [offset] on, [stride] pixels apart.
     */
    fun write(count: Int, pixels: IntArray, offset: Int, stride: Int) {
        // Both halves lie 2 * columns blocks apart, so all are rounded where fewer are needed at the picture's end.
        val lumaBlocks = 4 * columns
        lumaRounding.roundBlocks(luma, lumaBlocks, lumaSamples, work)
        chromaRounding.roundBlocks(cb, columns, cbSamples, work)
        chromaRounding.roundBlocks(cr, columns, crSamples, work)
        for (mcu in 0 until count) {
            for (cell in 0 until 64) {
                val y = cell / 8
                val x = cell % 8
                val cbLevel = cbSamples[cell * columns + mcu]
                val crLevel = crSamples[cell * columns + mcu]
                val red = redOf(crLevel)
                val green = greenOf(cbLevel, crLevel)
                val blue = blueOf(cbLevel)
                val smallest = minOf(red, green, blue)
                val largest = maxOf(red, green, blue)
                for (half in 0 until 4) {
                    val row = 2 * y + half / 2
                    val column = 2 * x + half % 2
                    val block = row / 8 * 2 * columns + 2 * mcu + column / 8
                    val level = lumaSamples[(8 * (row % 8) + column % 8) * lumaBlocks + block]
                    clipping.add(level, smallest, largest)
                    pixels[offset + row * stride + 16 * mcu + column] = OPAQUE or
                        (cut(level + red) shl 16) or (cut(level + green) shl 8) or cut(level + blue)
                }
            }
        }
    }

    companion object {
        private const val OPAQUE = 0xff shl 24

        // libjpeg's fixed point (jdcolor.c).
        private const val BITS = 16
        private const val HALF = 1 shl 15
        private const val CR_TO_R = 91881
        private const val CB_TO_B = 116130
        private const val CB_TO_G = -22554
        private const val CR_TO_G = -46802

        /** The opaque ARGB pixel of Y, Cb and Cr. */
        fun pixel(luma: Int, cb: Int, cr: Int): Int =
            OPAQUE or (cut(luma + redOf(cr)) shl 16) or (cut(luma + greenOf(cb, cr)) shl 8) or cut(luma + blueOf(cb))

        private fun redOf(cr: Int) = CR_TO_R * (cr - 128) + HALF shr BITS

        private fun greenOf(cb: Int, cr: Int) = CB_TO_G * (cb - 128) + CR_TO_G * (cr - 128) + HALF shr BITS

        private fun blueOf(cb: Int) = CB_TO_B * (cb - 128) + HALF shr BITS

        private fun cut(level: Int) = if (level < 0) 0 else if (level > 255) 255 else level
    }
}
