package jpegpre.android.jpeg

/**
 * A second pass over a carrier's pixels, for encoders' steps that are about as fine as the rounding of samples: samples move
 * by a level where a coefficient would come out otherwise, or nearly so.
 *
 * As `jpegpre_tf/jpeg/carriers/carrier_correction.py`: the same pixels. For one thread.
 */
internal class CarrierCorrection(encoderTables: JpegTables) {
    // R, G and B move together with Y, which moves by exactly as much; Cb and Cr do not.
    private val lumaCorrection = BlockCorrection(encoderTables.luma, most = 2)
    private val cbCorrection = BlockCorrection(encoderTables.chroma, most = 1)
    private val crCorrection = BlockCorrection(encoderTables.chroma, most = 1)
    private val samples = McuSamples()
    private val mayRise = BooleanArray(256)
    private val mayFall = BooleanArray(256)

    /** Corrects the MCU [mcu] of the row in [carrier]: 16 rows of pixels from [offset] on, [stride] apart. */
    fun correct(pixels: IntArray, offset: Int, stride: Int, carrier: CarrierPixels, mcu: Int) {
        repeat(ROUNDS) {
            samples.read(pixels, offset, stride)
            val isChromaMoved = moveChroma(pixels, offset, stride, carrier, mcu)
            val isLumaMoved = moveLuma(pixels, offset, stride, carrier, mcu)
            if (!isChromaMoved && !isLumaMoved) return
        }
    }

    private fun moveChroma(pixels: IntArray, offset: Int, stride: Int, carrier: CarrierPixels, mcu: Int): Boolean {
        mayRise.fill(true, 0, 64)
        for (y in 0 until 16) {
            for (x in 0 until 16) {
                val at = McuSamples.index(y, x)
                val hasRoom = samples.smallest[at] >= CHROMA_ROOM && samples.largest[at] <= 255 - CHROMA_ROOM
                if (!hasRoom) mayRise[8 * (y / 2) + x / 2] = false
            }
        }
        val isCbMoved = cbCorrection.find(samples.cb, 0, carrier.cb, 64 * mcu, mayRise, mayRise)
        val isCrMoved = crCorrection.find(samples.cr, 0, carrier.cr, 64 * mcu, mayRise, mayRise)
        if (!isCbMoved && !isCrMoved) return false
        for (y in 0 until 16) {
            for (x in 0 until 16) {
                val cell = 8 * (y / 2) + x / 2
                if (cbCorrection.moves[cell] == 0 && crCorrection.moves[cell] == 0) continue
                val at = McuSamples.index(y, x)
                val cb = samples.cb[cell] + cbCorrection.moves[cell]
                val cr = samples.cr[cell] + crCorrection.moves[cell]
                val pixel = CarrierPixels.pixel(samples.luma[at], cb, cr)
                pixels[offset + y * stride + x] = pixel
                samples.smallest[at] = minOf(pixel shr 16 and 255, pixel shr 8 and 255, pixel and 255)
                samples.largest[at] = maxOf(pixel shr 16 and 255, pixel shr 8 and 255, pixel and 255)
            }
        }
        return true
    }

    private fun moveLuma(pixels: IntArray, offset: Int, stride: Int, carrier: CarrierPixels, mcu: Int): Boolean {
        for (at in 0 until 256) {
            mayRise[at] = samples.largest[at] < 254
            mayFall[at] = samples.smallest[at] > 1
        }
        var isMoved = false
        for (part in 0 until 4) {
            if (!lumaCorrection.find(samples.luma, 64 * part, carrier.luma, carrier.lumaBlock(mcu, part), mayRise, mayFall)) continue
            isMoved = true
            val first = offset + part / 2 * 8 * stride + part % 2 * 8
            for (s in 0 until 64) {
                // No channel leaves 0..255.
                pixels[first + s / 8 * stride + s % 8] += lumaCorrection.moves[s] * 0x10101
            }
        }
        return isMoved
    }

    private companion object {
        const val ROUNDS = 2

        // Moving Cb or Cr by one moves R, G and B by up to 1.8.
        const val CHROMA_ROOM = 4
    }
}
