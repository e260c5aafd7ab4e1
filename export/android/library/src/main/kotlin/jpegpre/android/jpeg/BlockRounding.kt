package jpegpre.android.jpeg

import kotlin.math.PI
import kotlin.math.cos
import kotlin.math.min
import kotlin.math.round
import kotlin.math.sqrt

/**
 * Turns quantized coefficients into whole samples from which an encoder of the same table finds them again.
 *
 * As `jpegpre_tf/jpeg/carrier.py`, which says why: the rounding error of a sample is passed on to the samples of its block
 * that are rounded after it, so that errors end where steps are large.
 *
 * @param table The encoder's, natural order.
 */
internal class BlockRounding(private val table: IntArray) {
    /** feedback[64 * i + j]: how the error of sample j > i, rounded before, moves what sample i is rounded from. */
    private val feedback = feedback(table)
    private val scratch = DoubleArray(64)
    private val samples = DoubleArray(64)

    /**
     * Rounds [count] blocks.
     *
     * @param coefficients Quantized, 64 a block in natural order.
     * @param result Samples around 0..255, not cut there: [sample * count + block].
     * @param work As large as [result].
     */
    fun roundBlocks(coefficients: FloatArray, count: Int, result: IntArray, work: FloatArray) {
        for (block in 0 until count) {
            inverse(coefficients, 64 * block)
            for (k in 0 until 64) work[k * count + block] = samples[k].toFloat()
        }
        // work: samples while they wait for their turn, errors afterwards. Blocks innermost, side by side in memory.
        val wanted = FloatArray(count)
        for (sample in 63 downTo 0) {
            val own = sample * count
            System.arraycopy(work, own, wanted, 0, count)
            for (later in sample + 1 until 64) {
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

    /** Inverse DCT of one block times the table, + 128. */
    private fun inverse(coefficients: FloatArray, offset: Int) {
        for (v in 0 until 8) {
            for (x in 0 until 8) {
                var sum = 0.0
                for (u in 0 until 8) {
                    val k = 8 * v + u
                    sum += coefficients[offset + k] * table[k].toDouble() * COSINES[8 * u + x]
                }
                scratch[8 * v + x] = sum
            }
        }
        for (y in 0 until 8) {
            for (x in 0 until 8) {
                var sum = 0.0
                for (v in 0 until 8) sum += scratch[8 * v + x] * COSINES[8 * v + y]
                samples[8 * y + x] = sum + 128
            }
        }
    }

    companion object {
        /** [8 * frequency + sample] of the orthonormal DCT. */
        private val COSINES = DoubleArray(64) {
            val (frequency, sample) = it / 8 to it % 8
            cos((2 * sample + 1) * frequency * PI / 16) * if (frequency == 0) sqrt(1.0 / 8) else 0.5
        }

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
                (lower[j][i] / lower[i][i]).toFloat()
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
