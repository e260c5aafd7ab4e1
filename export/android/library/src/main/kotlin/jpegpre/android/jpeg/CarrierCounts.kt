package jpegpre.android.jpeg

import java.util.Locale

/** What is known of a whole carrier. */
internal class CarrierCounts(
    val clipping: Clipping,
    /** Part of the coefficients that come out otherwise, 0..1, by libjpeg's arithmetic. */
    val wrongShare: Double,
    private val encoderTables: JpegTables,
) {
    /**
     * Why edited pixels make a better file of [target]'s tables, one line; null if the carrier is exact enough. Python's rule
     * (`jpegpre_tf/runtime/inference/carrier.py`).
     */
    fun editReason(target: JpegTables): String? {
        if (!encoderTables.isFine && clipping.share <= HARMLESS_CUT) return null
        val oneIn = if (target.nearestQuality <= 80) 5000 else 500
        if (wrongShare * oneIn <= 1 && (!encoderTables.isFine || clipping.share < HOPELESS_CUT)) return null
        return "more than 1 in %,d coefficients would come out otherwise: steps are too fine for 8-bit samples".format(Locale.ROOT, oneIn)
    }

    private companion object {
        /** Part of the pixels that may be cut whatever becomes of the coefficients: each pixel touches 96 at most. */
        const val HARMLESS_CUT = 1.0 / 5000 / 96

        /** Part of the pixels that are cut from which on the second pass makes no carrier exact. */
        const val HOPELESS_CUT = 0.02
    }
}
