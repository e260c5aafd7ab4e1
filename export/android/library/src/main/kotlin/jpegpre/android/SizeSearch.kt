package jpegpre.android

/**
 * The highest quality whose edited file fits a size.
 *
 * Plain files are cheap to make and edited ones are not (the edit depends on the quality, so each trial runs the network).
 * Edited and plain sizes keep nearly the same ratio from one quality to the next, so plain files say where to look: two to
 * four edits are enough where plain bisection would take seven.
 */
internal object SizeSearch {
    /** Where searching begins: above it files grow fast for nothing. */
    const val HIGHEST_QUALITY = 95

    /** @property isTooLarge True if no quality met the size: [trial] is then the smallest. */
    class Found<Trial>(val quality: Int, val trial: Trial, val isTooLarge: Boolean)

    /**
     * @param maxBytes What the file may have at most.
     * @param plainSize Bytes of the unedited picture at a quality; called once for each.
     * @param edited The edited file at a quality; called once for each.
     * @param sizeOf Bytes of what [edited] returned.
     */
    suspend fun <Trial> search(
        maxBytes: Long,
        plainSize: suspend (Int) -> Long,
        edited: suspend (Int) -> Trial,
        sizeOf: (Trial) -> Long,
    ): Found<Trial> {
        val plainSizes = mutableMapOf<Int, Long>()
        val plain: suspend (Int) -> Long = { quality -> plainSizes[quality] ?: plainSize(quality).also { plainSizes[quality] = it } }
        var fits: Pair<Int, Trial>? = null
        var tooLarge: Pair<Int, Trial>? = null
        var ratio = 0.92 // of edited to plain bytes; any guess will do, the first trial corrects it
        while (true) {
            val low = fits?.let { it.first + 1 } ?: 1
            val high = tooLarge?.let { it.first - 1 } ?: HIGHEST_QUALITY
            if (low > high) break
            val quality = highestFitting(low, high) { plain(it) * ratio <= maxBytes }
            val trial = edited(quality)
            ratio = sizeOf(trial).toDouble() / plain(quality)
            if (sizeOf(trial) > maxBytes) {
                tooLarge = quality to trial
                continue
            }
            fits = quality to trial
            // The ratio changes by under 5 % from one quality to the next (learned tables change by whole steps): no need to
            // edit just to see that.
            if (quality < high && plain(quality + 1) * ratio > 1.05 * maxBytes) break
        }
        val (quality, trial) = checkNotNull(fits ?: tooLarge)
        return Found(quality, trial, isTooLarge = fits == null)
    }

    /** Highest quality in low..high that is fitting, [low] if none is. */
    private suspend fun highestFitting(low: Int, high: Int, isFitting: suspend (Int) -> Boolean): Int {
        var first = low
        var last = high
        while (first < last) {
            val middle = (first + last + 1) / 2
            if (isFitting(middle)) first = middle else last = middle - 1
        }
        return first
    }
}
