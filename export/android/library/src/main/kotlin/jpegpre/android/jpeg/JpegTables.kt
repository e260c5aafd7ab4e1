package jpegpre.android.jpeg

import kotlin.math.abs
import kotlin.math.ln

/**
 * A luma and a chroma quantization table, 64 entries each in natural order, 1..255.
 *
 * Not to be changed, though they are arrays.
 */
internal class JpegTables(val luma: IntArray, val chroma: IntArray) {
    init {
        for (table in listOf(luma, chroma)) {
            require(table.size == 64 && table.all { it in 1..255 }) { "a table has 64 entries from 1 to 255" }
        }
    }

    val both: List<IntArray> get() = listOf(luma, chroma)

    /** Whether steps are about as fine as the rounding of samples, so that carriers need their second pass: libjpeg's from 98 on. */
    val isFine: Boolean get() = luma.average() < FINE_STEPS

    /** The quality 1..100 whose libjpeg tables are nearest, by the mean difference of logarithms. */
    val nearestQuality: Int get() = (1..100).minBy { quality ->
        val other = ofQuality(quality)
        both.zip(other.both).sumOf { (own, others) -> (0 until 64).sumOf { abs(ln(others[it].toDouble()) - ln(own[it].toDouble())) } }
    }

    override fun equals(other: Any?): Boolean =
        other is JpegTables && luma.contentEquals(other.luma) && chroma.contentEquals(other.chroma)

    override fun hashCode(): Int = 31 * luma.contentHashCode() + chroma.contentHashCode()

    companion object {
        /** Mean step of luma, in levels. */
        private const val FINE_STEPS = 4.0

        /** Natural index of the k-th coefficient in zig-zag order. */
        val NATURAL_FROM_ZIGZAG: IntArray = (0 until 64).sortedWith(
            compareBy<Int> { it / 8 + it % 8 }.thenBy { if ((it / 8 + it % 8) % 2 == 1) it / 8 else it % 8 },
        ).toIntArray()

        /** T.81, tables K.1 and K.2. */
        val ANNEX_K = JpegTables(
            intArrayOf(
                16, 11, 10, 16, 24, 40, 51, 61,
                12, 12, 14, 19, 26, 58, 60, 55,
                14, 13, 16, 24, 40, 57, 69, 56,
                14, 17, 22, 29, 51, 87, 80, 62,
                18, 22, 37, 56, 68, 109, 103, 77,
                24, 35, 55, 64, 81, 104, 113, 92,
                49, 64, 78, 87, 103, 121, 120, 101,
                72, 92, 95, 98, 112, 100, 103, 99,
            ),
            intArrayOf(
                17, 18, 24, 47, 99, 99, 99, 99,
                18, 21, 26, 66, 99, 99, 99, 99,
                24, 26, 56, 99, 99, 99, 99, 99,
                47, 66, 99, 99, 99, 99, 99, 99,
                99, 99, 99, 99, 99, 99, 99, 99,
                99, 99, 99, 99, 99, 99, 99, 99,
                99, 99, 99, 99, 99, 99, 99, 99,
                99, 99, 99, 99, 99, 99, 99, 99,
            ),
        )

        /** The tables that libjpeg writes at [quality], 1..100. */
        fun ofQuality(quality: Int): JpegTables {
            val scale = if (quality < 50) 5000 / quality else 200 - 2 * quality
            val scaled = { table: IntArray -> IntArray(64) { ((table[it] * scale + 50) / 100).coerceIn(1, 255) } }
            return JpegTables(scaled(ANNEX_K.luma), scaled(ANNEX_K.chroma))
        }
    }
}
