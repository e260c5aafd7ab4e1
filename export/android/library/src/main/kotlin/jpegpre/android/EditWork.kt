package jpegpre.android

/** Puts edited pixels into [target]; alpha is carried over. */
internal class EditWork(private val target: Pixels, private val conditions: Conditions) : TileWork {
    override fun infer(tools: TileWorker.Tools) = tools.network.edit(tools.levels, conditions, tools.result)

    override fun keep(tools: TileWorker.Tools, tile: Tile) {
        val (row, column) = tile
        val width = column.keepTo - column.keepFrom
        val first = (row.keepFrom - row.start) * tools.side + column.keepFrom - column.start
        val pixels = tools.pixels
        val line = tools.row
        for (y in 0 until row.keepTo - row.keepFrom) {
            val start = first + y * tools.side
            tools.result.moveTo(3 * start)
            tools.result.get(line, 0, 3 * width)
            var from = 0
            for (i in start until start + width) {
                val rgb = (line[from].toInt() and 0xff shl 16) or
                    (line[from + 1].toInt() and 0xff shl 8) or
                    (line[from + 2].toInt() and 0xff)
                pixels[i] = (pixels[i] and OPAQUE) or rgb
                from += 3
            }
        }
        target.write(pixels, first, tools.side, column.keepFrom, row.keepFrom, width, row.keepTo - row.keepFrom)
    }

    private companion object {
        const val OPAQUE = 0xff shl 24
    }
}
