package jpegpre.android.jpeg

/**
 * The inverse DCT of Arai, Agui and Nakajima in 32-bit floats, operation by operation that of
 * `jpegpre_tf/jpeg/transform/scaled_dct.py`: the same numbers come out.
 */
internal object InverseDct {
    /** Coefficients of frequency k are multiplied by this before: sqrt(2) cos(k pi / 16), and 1 for k = 0. */
    val SCALES = doubleArrayOf(
        1.0,
        1.3870398453221474618,
        1.3065629648763765279,
        1.1758756024193587170,
        1.0,
        0.78569495838710218127,
        0.54119610014619698440,
        0.27589937928294301234,
    )

    /** Turns 64 scaled coefficients, divided by 8, into samples, in place. */
    fun transform(block: FloatArray) {
        for (column in 0 until 8) transform(block, column, 8)
        for (row in 0 until 8) transform(block, 8 * row, 1)
    }

    private fun transform(x: FloatArray, at: Int, step: Int) {
        val x1 = x[at + step]
        val x3 = x[at + 3 * step]
        val x5 = x[at + 5 * step]
        val x7 = x[at + 7 * step]
        val a = x[at] + x[at + 4 * step]
        val b = x[at] - x[at + 4 * step]
        val c = x[at + 2 * step] + x[at + 6 * step]
        val d = (x[at + 2 * step] - x[at + 6 * step]) * 1.414213562f - c
        val even0 = a + c
        val even1 = b + d
        val even2 = b - d
        val even3 = a - c
        val e = x5 + x3
        val f = x5 - x3
        val g = x1 + x7
        val h = x1 - x7
        val odd7 = g + e
        val rotation = (f + h) * 1.847759065f
        val odd6 = (rotation - f * 2.613125930f) - odd7
        val odd5 = (g - e) * 1.414213562f - odd6
        val odd4 = (rotation - h * 1.082392200f) - odd5
        x[at] = even0 + odd7
        x[at + step] = even1 + odd6
        x[at + 2 * step] = even2 + odd5
        x[at + 3 * step] = even3 + odd4
        x[at + 4 * step] = even3 - odd4
        x[at + 5 * step] = even2 - odd5
        x[at + 6 * step] = even1 - odd6
        x[at + 7 * step] = even0 - odd7
    }
}
