package jpegpre.android.jpeg

/** How much of a carrier is cut at 0 or 255: where much is, coefficients come out otherwise. */
internal class Clipping {
    private var cut = 0L
    private var pixels = 0L
    private var squares = 0.0

    /** Part of the pixels that have R, G or B cut by more than a level, 0..1. */
    val share: Double get() = if (pixels == 0L) 0.0 else cut.toDouble() / pixels

    /** Mean over all pixels of the square of the largest cut, in levels. */
    val meanSquare: Double get() = if (pixels == 0L) 0.0 else squares / pixels

    /** Counts a pixel of luma [luma], to which Cb and Cr add at least [smallest] and at most [largest] levels. */
    fun add(luma: Int, smallest: Int, largest: Int) {
        val excess = maxOf(-(luma + smallest), luma + largest - 255, 0)
        if (excess > 1) cut++
        squares += excess.toDouble() * excess
        pixels++
    }

    /** Counts all pixels of [other]. */
    @Synchronized
    fun add(other: Clipping) {
        cut += other.cut
        pixels += other.pixels
        squares += other.squares
    }
}
