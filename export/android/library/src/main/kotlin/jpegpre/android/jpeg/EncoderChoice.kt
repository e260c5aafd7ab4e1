package jpegpre.android.jpeg

import kotlin.math.exp
import kotlin.math.ln
import kotlin.math.max
import kotlin.math.sqrt

/**
 * Which quality the ordinary encoder shall be given for a carrier: the rule of `jpegpre_tf/jpeg/carriers/encoder_choice.py`, which
 * says how it was found.
 *
 * @param tablesOf The encoder's tables by quality.
 */
internal class EncoderChoice(targetTables: JpegTables, private val tablesOf: (Int) -> JpegTables) {
    private val contrasts: Map<Int, Double>

    init {
        val tables = CANDIDATES.associateWith(tablesOf)
        val fine = CANDIDATES.filter { quality -> exp(tables.getValue(quality).luma.map { ln(it.toDouble()) }.average()) >= FINEST_STEPS }
        contrasts = fine.ifEmpty { CANDIDATES.take(1) }.associateWith { contrast(tables.getValue(it), targetTables) }
    }

    /** The encoder's quality whatever the picture. */
    val first: Int = contrasts.keys.firstOrNull { contrasts.getValue(it) <= MOST_CONTRAST }
        ?: contrasts.keys.firstOrNull { contrasts.getValue(it) <= NEXT_CONTRAST }
        ?: contrasts.keys.minBy { contrasts.getValue(it) }

    /**
     * The encoder's quality for one picture: [first], or the next that cuts nothing.
     *
     * @param clippingOf What of the picture's carrier is cut with the encoder's tables; asked for one after the other.
     */
    suspend fun choose(clippingOf: suspend (JpegTables) -> Clipping): Int {
        val losses = mutableMapOf<Int, Double>()
        val (above, below) = contrasts.keys.partition { it >= first }
        for (quality in above + below.filter { contrasts.getValue(it) <= LARGEST_CONTRAST }) {
            val clipping = clippingOf(tablesOf(quality))
            if (clipping.share <= MOST_CLIPPED && quality >= first) return quality
            // What is cut weighs as much more in the file as its contrast is larger.
            losses[quality] = clipping.meanSquare / contrasts.getValue(quality).let { it * it }
        }
        return losses.keys.minBy { losses.getValue(it) }
    }

    companion object {
        /** Ascending. */
        val CANDIDATES = listOf(60, 70, 75, 80, 85, 90, 93, 95, 96, 97, 98)

        /** Part of a picture's pixels that may be cut. */
        const val MOST_CLIPPED = 1e-4

        private const val MOST_CONTRAST = 0.6
        private const val NEXT_CONTRAST = 0.8
        private const val FINEST_STEPS = 1.9

        // Below the first quality, where nothing less is possible.
        private const val LARGEST_CONTRAST = 1.2

        /** Power spectrum of pictures: falls with the square of the frequency. */
        private val SPECTRUM = DoubleArray(64) { 1.0 / (1 + (it / 8) * (it / 8) + (it % 8) * (it % 8)) }

        /** Contrast of a typical carrier against its picture's, the larger one of luma and chroma. */
        private fun contrast(encoderTables: JpegTables, targetTables: JpegTables): Double =
            max(contrast(encoderTables.luma, targetTables.luma), contrast(encoderTables.chroma, targetTables.chroma))

        private fun contrast(own: IntArray, target: IntArray): Double {
            val weighted = SPECTRUM.indices.sumOf { SPECTRUM[it] * (own[it].toDouble() / target[it]).let { ratio -> ratio * ratio } }
            return sqrt(weighted / SPECTRUM.sum())
        }
    }
}
