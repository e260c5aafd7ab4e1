package jpegpre.android.jpeg

import kotlin.math.PI
import kotlin.math.cos
import kotlin.math.min
import kotlin.math.round
import kotlin.math.sqrt

/**
 * Turns quantized coefficients into whole samples from which an encoder of the same table finds them again.
 *
 * As `jpegpre_tf/jpeg/carriers/carrier.py`, which says why: the rounding error of a sample is passed on to the samples of its block
 * that are rounded after it, so that errors end where steps are large. In 32-bit floats, operation by operation in the
 * same order: the same samples come out.
 *
 * @param table The encoder's, natural order.
 */
internal class BlockRounding(table: IntArray) {
    /** feedback[64 * i + j]: how the error of sample j > i, rounded before, moves what sample i is rounded from. */
    private val feedback = feedback(table)
    private val scales = FloatArray(64) { (table[it] * (InverseDct.SCALES[it / 8] * InverseDct.SCALES[it % 8]) / 8).toFloat() }
    private val samples = FloatArray(64)

    /**
     * Rounds [count] blocks.
     *
     * @param coefficients Quantized, 64 a block in natural order.
     * @param result Samples around 0..255, not cut there: [sample * count + block].
     * @param work As large as [result].
     */
    fun roundBlocks(coefficients: FloatArray, count: Int, result: IntArray, work: FloatArray) {
        for (block in 0 until count) {
            for (k in 0 until 64) samples[k] = coefficients[64 * block + k] * scales[k]
            InverseDct.transform(samples)
            for (k in 0 until 64) work[k * count + block] = (samples[k] + 128f).coerceIn(-MOST_LEVELS, MOST_LEVELS)
        }
        // work: samples while they wait for their turn, errors afterwards. Blocks innermost, side by side in memory.
        val wanted = FloatArray(count)
        for (sample in 63 downTo 0) {
            val own = sample * count
            System.arraycopy(work, own, wanted, 0, count)
            for (later in 63 downTo sample + 1) {
                val weight = feedback[64 * sample + later]
                val from = later * count
                for (block in 0 until count) wanted[block] -= weight * work[from + block]
            }
            for (block in 0 until count) {
                val nearest = round(wanted[block])
                result[own + block] = nearest.toInt()
                work[own + block] = nearest - work[own + block]
            }
        }
    }

    companion object {
        /** [8 * frequency + sample] of the orthonormal DCT. */
        private val COSINES = DoubleArray(64) {
            val (frequency, sample) = it / 8 to it % 8
            cos((2 * sample + 1) * frequency * PI / 16) * if (frequency == 0) sqrt(1.0 / 8) else 0.5
        }

        // Unrounded samples are cut here, in levels: far beyond what can be seen.
        private const val MOST_LEVELS = 8192f

        // Weights of errors are multiples of 1 / this, so that whoever computes them otherwise finds the same.
        private const val WEIGHT_UNITS = 4096

        // Steps are cut here where they weigh errors, in levels: coarser ones need no help.
        private const val LARGEST_STEP = 12

        // Weighs low frequencies a little more, also where steps are equal: flat blocks need it.
        private const val RISING = 0.03

        /** Row i of R / its diagonal, R upper triangular with R'R = B' diag(1 / step^2) B for the DCT B. */
        private fun feedback(table: IntArray): FloatArray {
            val basis = Array(64) { k ->
                DoubleArray(64) { sample -> COSINES[8 * (k / 8) + sample / 8] * COSINES[8 * (k % 8) + sample % 8] }
            }
            val weights = DoubleArray(64) {
                val step = min(table[it], LARGEST_STEP) * (1 + RISING * (it / 8 + it % 8))
                1 / (step * step)
            }
            val lower = cholesky { i, j -> (0 until 64).sumOf { basis[it][i] * weights[it] * basis[it][j] } }
            return FloatArray(64 * 64) {
                val (i, j) = it / 64 to it % 64
                (round(lower[j][i] / lower[i][i] * WEIGHT_UNITS) / WEIGHT_UNITS).toFloat()
            }
        }

        /** Lower triangular L with L L' = the matrix. */
        private fun cholesky(matrix: (Int, Int) -> Double): Array<DoubleArray> {
            val lower = Array(64) { DoubleArray(64) }
            for (j in 0 until 64) {
                for (i in j until 64) {
                    val rest = matrix(i, j) - (0 until j).sumOf { lower[i][it] * lower[j][it] }
                    lower[i][j] = if (i == j) sqrt(rest) else rest / lower[j][j]
                }
            }
            return lower
        }
    }
}
