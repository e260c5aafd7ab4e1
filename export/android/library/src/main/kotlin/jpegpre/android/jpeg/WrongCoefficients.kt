package jpegpre.android.jpeg

/** Counts coefficients that libjpeg finds in a carrier to be others than decided, as Python's `wrong_share`. For one thread. */
internal class WrongCoefficients(tables: JpegTables) {
    private val lumaSteps = IntArray(64) { 8 * tables.luma[it] }
    private val chromaSteps = IntArray(64) { 8 * tables.chroma[it] }
    private val block = IntArray(64)

    var wrong = 0L
        private set
    var total = 0L
        private set

    /** Counts the MCU [mcu] of the row in [carrier], of which the encoder makes [samples]. */
    fun add(samples: McuSamples, carrier: CarrierPixels, mcu: Int) {
        for (part in 0 until 4) count(samples.luma, 64 * part, carrier.luma, carrier.lumaBlock(mcu, part), lumaSteps)
        count(samples.cb, 0, carrier.cb, 64 * mcu, chromaSteps)
        count(samples.cr, 0, carrier.cr, 64 * mcu, chromaSteps)
    }

    /** [steps]: eight times the table, as coefficients come from the DCT. */
    private fun count(samples: IntArray, from: Int, wanted: FloatArray, at: Int, steps: IntArray) {
        for (i in 0 until 64) block[i] = samples[from + i] - 128
        ForwardDct.transform(block)
        for (k in 0 until 64) {
            val step = steps[k]
            val rounded = (Math.abs(block[k]) + step / 2) / step
            if ((if (block[k] < 0) -rounded else rounded) != wanted[at + k].toInt()) wrong++
        }
        total += 64
    }
}
