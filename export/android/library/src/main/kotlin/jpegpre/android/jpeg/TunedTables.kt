package jpegpre.android.jpeg

import kotlin.math.exp
import kotlin.math.ln
import kotlin.math.max
import kotlin.math.round
import org.json.JSONArray
import org.json.JSONException
import org.json.JSONObject

/**
 * Learned quantization tables of one family, as tables.json beside a model holds it: Annex K's times learned factors that
 * change smoothly with the quality. The same entries as `jpegpre_tf/jpeg/tuned_tables.py`, which says more.
 */
internal class TunedTables private constructor(
    private val nodeQualities: DoubleArray,
    /** For each node ln of the factors on 64 luma and 64 chroma entries. */
    private val logFactors: List<DoubleArray>,
    private val asked: DoubleArray,
    private val meant: DoubleArray,
) {
    /** The tables of files of [quality], 1..100. */
    fun tables(quality: Int): JpegTables {
        require(quality in 1..100) { "`quality` must be from 1 to 100. Received: $quality" }
        val at = if (asked.isEmpty()) quality.toDouble() else interpolate(quality.toDouble(), asked, meant)
        val scale = logScale(at)
        // Positions ascend, scales fall where qualities rise: hence the signs.
        val nodes = DoubleArray(nodeQualities.size) { -logScale(nodeQualities[it]) }
        val weights = DoubleArray(nodes.size) { node ->
            interpolate(-scale, nodes, DoubleArray(nodes.size) { if (it == node) 1.0 else 0.0 })
        }
        val entries = { base: IntArray, offset: Int ->
            IntArray(64) { k ->
                val factor = weights.indices.sumOf { weights[it] * logFactors[it][offset + k] }
                round(base[k] * exp(factor + scale)).toInt().coerceIn(1, 255)
            }
        }
        return JpegTables(entries(JpegTables.ANNEX_K.luma, 0), entries(JpegTables.ANNEX_K.chroma, 64))
    }

    companion object {
        private const val FORMAT = 1

        /**
         * Reads the content of a tables.json.
         *
         * @throws JSONException if it is something else.
         */
        fun parse(text: String): TunedTables {
            val content = JSONObject(text)
            if (content.getInt("format") != FORMAT) throw JSONException("expected \"format\": $FORMAT")
            val qualities = content.getJSONArray("node_qualities").doubles()
            val nodes = content.getJSONArray("log_factors")
            val factors = List(nodes.length()) { node ->
                val tables = nodes.getJSONArray(node)
                val values = tables.getJSONArray(0).doubles() + tables.getJSONArray(1).doubles()
                // Stored and used as 32-bit numbers.
                DoubleArray(values.size) { values[it].toFloat().toDouble() }
            }
            val calibration = content.optJSONObject("calibration")
            val asked = calibration?.getJSONArray("quality")?.doubles() ?: DoubleArray(0)
            val meant = calibration?.getJSONArray("at")?.doubles() ?: DoubleArray(0)
            val isWhole = qualities.size >= 2 && factors.size == qualities.size && factors.all { it.size == 128 }
            if (!isWhole || !isAscending(qualities) || asked.size != meant.size || !isAscending(asked)) {
                throw JSONException("expected two factors tables for each of two or more ascending node_qualities")
            }
            return TunedTables(qualities, factors, asked, meant)
        }

        /** ln of the factor on Annex K's tables: libjpeg's scale without its rounding, at least 0.02. */
        private fun logScale(quality: Double): Double =
            ln(if (quality < 50) 50 / max(quality, 1.0) else max(2 - quality / 50, 0.02))

        /** Linear between ascending [positions], constant beyond them. */
        private fun interpolate(at: Double, positions: DoubleArray, values: DoubleArray): Double {
            if (at <= positions.first()) return values.first()
            if (at >= positions.last()) return values.last()
            val next = positions.indexOfFirst { it > at }
            val slope = (values[next] - values[next - 1]) / (positions[next] - positions[next - 1])
            return slope * (at - positions[next - 1]) + values[next - 1]
        }

        private fun isAscending(values: DoubleArray) = (1 until values.size).all { values[it] > values[it - 1] }

        private fun JSONArray.doubles() = DoubleArray(length()) { getDouble(it) }
    }
}
