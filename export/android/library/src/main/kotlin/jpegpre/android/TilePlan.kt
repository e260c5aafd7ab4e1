package jpegpre.android

/** One tile along one axis, in pixels: it covers [start, start + side), gives [keepFrom, keepTo). */
internal data class Span(val start: Int, val keepFrom: Int, val keepTo: Int)

internal data class Tile(val row: Span, val column: Span)

/**
 * Equal square tiles of a picture whose results meet without seams, as `jpegpre_tf/runtime/inference/tiling.py` lays them,
 * which says why.
 *
 * A tile's outer edge lies on the picture's edge or beyond, or is `overlap` pixels away from every pixel taken from the tile.
 */
internal class TilePlan private constructor(val side: Int, val rows: List<Span>, val columns: List<Span>) {
    val tiles: List<Tile> get() = rows.flatMap { row -> columns.map { column -> Tile(row, column) } }

    companion object {
        /**
         * @param height Of the picture, in pixels, >= 1, as is [width].
         * @param side Pixels a side of a tile, a multiple of [alignment].
         * @param alignment Tiles start, and what is kept of them begins, at multiples of this many pixels.
         * @param overlap Pixels of context that an output pixel needs on each side.
         */
        fun of(height: Int, width: Int, side: Int, alignment: Int, overlap: Int): TilePlan {
            require(height >= 1 && width >= 1) { "a picture has at least one pixel. Received: $width x $height" }
            val context = roundUp(overlap, alignment)
            require(side > 2 * context && side % alignment == 0) { "tiles of $side pixels leave nothing beside $overlap of context" }
            return TilePlan(side, spans(height, side, alignment, context), spans(width, side, alignment, context))
        }

        private fun spans(length: Int, side: Int, alignment: Int, overlap: Int): List<Span> {
            val padded = roundUp(length, alignment)
            val starts = mutableListOf(0)
            while (starts.last() + side < padded) {
                // The last tile is moved back to end at the picture's end.
                starts += minOf(starts.last() + side - 2 * overlap, padded - side)
            }
            val cuts = listOf(0) + starts.drop(1).map { it + overlap } + length
            return starts.mapIndexed { i, start -> Span(start, cuts[i], cuts[i + 1]) }
        }

        private fun roundUp(value: Int, multiple: Int): Int = -Math.floorDiv(-value, multiple) * multiple
    }
}
