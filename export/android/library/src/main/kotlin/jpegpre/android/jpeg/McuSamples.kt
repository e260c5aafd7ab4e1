package jpegpre.android.jpeg

/** Samples that libjpeg's encoder makes of 16 x 16 pixels (jccolor.c, jcsample.c). For one thread. */
internal class McuSamples {
    /** Y, 64 for each of four blocks. */
    val luma = IntArray(256)
    val cb = IntArray(64)
    val cr = IntArray(64)

    /** The smallest and the largest one of R, G and B of each pixel, in the order of [luma]. */
    val smallest = IntArray(256)
    val largest = IntArray(256)

    private val cbSums = IntArray(64)
    private val crSums = IntArray(64)

    /** Reads an MCU of ARGB pixels, 16 rows from [offset] on, [stride] pixels apart. */
    fun read(pixels: IntArray, offset: Int, stride: Int) {
        cbSums.fill(0)
        crSums.fill(0)
        for (y in 0 until 16) {
            for (x in 0 until 16) {
                val pixel = pixels[offset + y * stride + x]
                val red = pixel shr 16 and 255
                val green = pixel shr 8 and 255
                val blue = pixel and 255
                val at = index(y, x)
                luma[at] = 19595 * red + 38470 * green + 7471 * blue + HALF shr BITS
                smallest[at] = minOf(red, green, blue)
                largest[at] = maxOf(red, green, blue)
                val cell = 8 * (y / 2) + x / 2
                cbSums[cell] += -11059 * red - 21709 * green + 32768 * blue + MIDDLE shr BITS
                crSums[cell] += 32768 * red - 27439 * green - 5329 * blue + MIDDLE shr BITS
            }
        }
        for (cell in 0 until 64) {
            // Rounding alternates along a row, so that it does not drift.
            val bias = 1 + cell % 2
            cb[cell] = cbSums[cell] + bias shr 2
            cr[cell] = crSums[cell] + bias shr 2
        }
    }

    companion object {
        private const val BITS = 16
        private const val HALF = 1 shl 15

        // Less than a half, so that 255.5 cannot become 256.
        private const val MIDDLE = (128 shl BITS) + HALF - 1

        /** Place of a pixel's sample in [luma]. */
        fun index(y: Int, x: Int): Int = 64 * (y / 8 * 2 + x / 8) + 8 * (y % 8) + x % 8
    }
}
