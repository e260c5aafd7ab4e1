package jpegpre.android.jpeg

import kotlin.math.PI
import kotlin.math.abs
import kotlin.math.cos
import kotlin.math.round
import kotlin.math.sqrt

/**
 * Finds by how much samples of a block have to move for its coefficients to come out as decided.
 *
 * As `jpegpre_tf/jpeg/carriers/carrier_correction.py`, which says why: sums are exact in 64-bit floats, so the same moves
 * are found. For one thread.
 *
 * @param table The encoder's, natural order.
 * @param most Levels that a sample may move.
 */
internal class BlockCorrection(table: IntArray, private val most: Int) {
    private val steps = DoubleArray(64) { table[it].toDouble() }
    private val limits = DoubleArray(64) { steps[it] * 0.5 - MARGIN }
    private val inverses = DoubleArray(64) { 1 / (steps[it] * 0.5) }
    private val slopeWeights = DoubleArray(64) { inverses[it] * POWER_UNITS }
    private val curvatureWeights = DoubleArray(64) { 3.5 * inverses[it] * inverses[it] * POWER_UNITS }
    private val errors = DoubleArray(64)
    private val slopes = DoubleArray(64)
    private val curvatures = DoubleArray(64)

    /** Result of [find]: levels by which each sample shall move. */
    val moves = IntArray(64)

    /**
     * Fills [moves].
     *
     * @param samples 64 from [from] on, levels.
     * @param wanted Quantized coefficients, 64 from [at] on.
     * @param mayRise Which samples may move up, and [mayFall] down; as [samples].
     * @return Whether any shall move.
     */
    fun find(
        samples: IntArray,
        from: Int,
        wanted: FloatArray,
        at: Int,
        mayRise: BooleanArray,
        mayFall: BooleanArray,
    ): Boolean {
        moves.fill(0)
        if (!measure(samples, from, wanted, at)) return false
        var isMoved = false
        repeat(MOST_MOVES) {
            differentiate()
            var best = -1
            var gain = 0.0
            for (s in 0 until 64) {
                if (!mayRise[from + s] || moves[s] >= most) continue
                val change = curvatures[s] + slopes[s]
                if (change < gain) {
                    gain = change
                    best = s
                }
            }
            var direction = 1
            for (s in 0 until 64) {
                if (!mayFall[from + s] || moves[s] <= -most) continue
                val change = curvatures[s] - slopes[s]
                if (change < gain) {
                    gain = change
                    best = s
                    direction = -1
                }
            }
            if (best < 0) return isMoved
            moves[best] += direction
            isMoved = true
            for (k in 0 until 64) errors[k] += direction * ERROR_BASIS[64 * k + best]
            if ((0 until 64).none { abs(errors[it]) > limits[it] }) return true
        }
        return isMoved
    }

    /** Fills [errors]; returns whether one is too large and all are small enough for single levels to help. */
    private fun measure(samples: IntArray, from: Int, wanted: FloatArray, at: Int): Boolean {
        var isWrong = false
        for (k in 0 until 64) {
            var sum = 0.0
            for (s in 0 until 64) sum += ERROR_BASIS[64 * k + s] * (samples[from + s] - 128)
            errors[k] = sum - wanted[at + k] * steps[k]
            val size = abs(errors[k])
            if (size >= LARGEST_ERROR * limits[k]) return false
            if (size > limits[k]) isWrong = true
        }
        return isWrong
    }

    /** Fills [slopes] and [curvatures] of the sum over coefficients of (error / half step)^8, by sample. */
    private fun differentiate() {
        slopes.fill(0.0)
        curvatures.fill(0.0)
        for (k in 0 until 64) {
            val relative = (errors[k] * inverses[k]).coerceIn(-LARGEST_ERROR, LARGEST_ERROR)
            val square = relative * relative
            val power = square * square * square
            val slope = round(power * relative * slopeWeights[k])
            val curvature = round(power * curvatureWeights[k])
            if (slope == 0.0 && curvature == 0.0) continue
            for (s in 0 until 64) {
                slopes[s] += slope * SLOPE_BASIS[64 * k + s]
                curvatures[s] += curvature * CURVATURE_BASIS[64 * k + s]
            }
        }
    }

    private companion object {
        const val ERROR_UNITS = 65536.0
        const val POWER_UNITS = 1048576.0
        const val BASIS_UNITS = 4096.0
        const val MARGIN = 7864 / ERROR_UNITS
        const val MOST_MOVES = 40
        const val LARGEST_ERROR = 4.0

        /** [64 * coefficient + sample] of the orthonormal DCT. */
        val BASIS = DoubleArray(64 * 64) {
            val (k, s) = it / 64 to it % 64
            cosine(k / 8, s / 8) * cosine(k % 8, s % 8)
        }
        val ERROR_BASIS = DoubleArray(64 * 64) { round(BASIS[it] * ERROR_UNITS) / ERROR_UNITS }
        val SLOPE_BASIS = DoubleArray(64 * 64) { round(BASIS[it] * BASIS_UNITS) }
        val CURVATURE_BASIS = DoubleArray(64 * 64) { round(BASIS[it] * BASIS[it] * BASIS_UNITS) }

        fun cosine(frequency: Int, sample: Int): Double =
            cos((2 * sample + 1) * frequency * PI / 16) * if (frequency == 0) sqrt(1.0 / 8) else 0.5
    }
}
