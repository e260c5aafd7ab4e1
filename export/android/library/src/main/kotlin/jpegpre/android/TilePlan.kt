package jpegpre.android

import kotlin.math.max
import kotlin.math.min

/** One tile along one axis, in pixels: it covers [start, start + size), gives [keepFrom, keepTo). */
internal data class Span(val start: Int, val keepFrom: Int, val keepTo: Int)

internal data class Tile(val row: Span, val column: Span)

/**
 * Equal tiles of a picture whose results meet without seams: the plan of
 * `jpegpre_tf/runtime/inference/tiling.py`, which says why.
 *
 * A tile's outer edge lies on the picture's edge or is `overlap` pixels away from every pixel taken from the tile.
 */
internal class TilePlan(
    val tileHeight: Int,
    val tileWidth: Int,
    val rows: List<Span>,
    val columns: List<Span>,
) {
    val tiles: List<Tile> get() = rows.flatMap { row -> columns.map { column -> Tile(row, column) } }

    companion object {
        /**
         * Returns the plan that computes the fewest pixels with tiles of at most [maxPixels] pixels.
         *
         * @param height Of the picture, in pixels, >= 1, as is [width].
         * @param maxPixels Raised to four overlaps squared: smaller tiles spend nearly everything on context.
         * @param alignment Tiles start, and their sides are, at multiples of this many pixels.
         * @param overlap Pixels of context that an output pixel needs on each side.
         */
        fun of(height: Int, width: Int, maxPixels: Int, alignment: Int, overlap: Int): TilePlan {
            require(height >= 1 && width >= 1) { "a picture has at least one pixel. Received: $width x $height" }
            val context = roundUp(overlap, alignment)
            val most = max(maxPixels.toLong(), max(alignment, 4 * context).toLong().let { it * it })
            val paddedHeight = roundUp(height, alignment)
            val paddedWidth = roundUp(width, alignment)
            val mostRows = max(1, (paddedHeight - 2 * context) / max(alignment, 2 * context))
            var best: Candidate? = null
            for (rowCount in 1..mostRows) {
                val tileHeight = tileSize(paddedHeight, rowCount, alignment, context)
                val widest = most / tileHeight / alignment * alignment
                val columnCount = when {
                    widest >= paddedWidth -> 1
                    widest > 2 * context -> ceilDiv(paddedWidth - 2 * context, (widest - 2 * context).toInt())
                    else -> continue
                }
                val tileWidth = tileSize(paddedWidth, columnCount, alignment, context)
                val candidate = Candidate(rowCount.toLong() * tileHeight * columnCount * tileWidth, tileHeight, tileWidth)
                if (best == null || candidate < best) best = candidate
                if (columnCount == 1) break // more rows would only add overlap
            }
            requireNotNull(best) { "`alignment` and `overlap` leave no tile. Received: $alignment, $overlap" }
            return TilePlan(
                best.tileHeight,
                best.tileWidth,
                spans(height, best.tileHeight, alignment, context),
                spans(width, best.tileWidth, alignment, context),
            )
        }

        private fun spans(length: Int, size: Int, alignment: Int, overlap: Int): List<Span> {
            val padded = roundUp(length, alignment)
            val starts = mutableListOf(0)
            while (starts.last() + size < padded) {
                // The last tile is moved back to end at the picture's end: every tile has the same size.
                starts += min(starts.last() + size - 2 * overlap, padded - size)
            }
            val cuts = listOf(0) + starts.drop(1).map { it + overlap } + length
            return starts.mapIndexed { i, start -> Span(start, cuts[i], cuts[i + 1]) }
        }

        /** Smallest aligned size with which [count] tiles cover an aligned length. */
        private fun tileSize(padded: Int, count: Int, alignment: Int, overlap: Int): Int =
            min(padded, roundUp(ceilDiv(padded + 2 * overlap * (count - 1), count), alignment))

        private fun roundUp(value: Int, multiple: Int): Int = ceilDiv(value, multiple) * multiple

        private fun ceilDiv(value: Int, by: Int): Int = -Math.floorDiv(-value, by)
    }

    private data class Candidate(val pixels: Long, val tileHeight: Int, val tileWidth: Int) : Comparable<Candidate> {
        override fun compareTo(other: Candidate): Int =
            compareValuesBy(this, other, Candidate::pixels, Candidate::tileHeight, Candidate::tileWidth)
    }
}
