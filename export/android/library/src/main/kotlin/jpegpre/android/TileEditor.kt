package jpegpre.android

import java.util.concurrent.atomic.AtomicInteger
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.ensureActive
import kotlinx.coroutines.launch

/** Runs the network over a picture of any size, tile by tile, on as many lanes as there are. */
internal class TileEditor(
    private val lanes: List<Lane>,
    private val tilePixels: Int,
    private val alignment: Int,
    private val overlap: Int,
) {
    /**
     * Edits [source] into [target]; alpha is carried over.
     *
     * When this returns or throws, no thread works on either picture any more.
     *
     * @param onProgress Called on a lane's thread after every tile with the share that is done, 0..1.
     */
    suspend fun edit(source: Pixels, target: Pixels, quality: Float, strength: Float, onProgress: (Float) -> Unit) {
        val plan = TilePlan.of(source.height, source.width, tilePixels, alignment, overlap)
        val tiles = plan.tiles
        val next = AtomicInteger()
        val done = AtomicInteger()
        coroutineScope {
            for (lane in lanes.take(tiles.size)) {
                launch(lane.dispatcher) {
                    val tools = lane.tools(plan)
                    while (true) {
                        ensureActive()
                        val tile = tiles.getOrNull(next.getAndIncrement()) ?: break
                        cut(source, tile, plan, tools)
                        try {
                            with(tools) { network.run(levels, plan.tileHeight, plan.tileWidth, quality, strength, result) }
                        } catch (error: Throwable) {
                            // A network that failed is not trusted with another picture.
                            lane.drop()
                            throw if (error is RuntimeException) failed(error) else error
                        }
                        ensureActive()
                        paste(target, tile, plan, tools)
                        onProgress(done.incrementAndGet().toFloat() / tiles.size)
                    }
                }
            }
        }
    }

    private fun failed(error: RuntimeException) =
        JpegpreException(ErrorCode.MODEL, "the network failed on a tile: ${error.firstLine()}", error)

    /** Copies one tile for the network, replicating the picture's last row and column beyond it. */
    private fun cut(source: Pixels, tile: Tile, plan: TilePlan, tools: Lane.Tools) {
        val height = minOf(plan.tileHeight, source.height - tile.row.start)
        val width = minOf(plan.tileWidth, source.width - tile.column.start)
        val pixels = tools.pixels
        source.read(pixels, plan.tileWidth, tile.column.start, tile.row.start, width, height)
        val row = tools.row
        tools.levels.startOver()
        for (y in 0 until plan.tileHeight) {
            if (y < height) {
                var to = 0
                for (x in y * plan.tileWidth until y * plan.tileWidth + width) {
                    val pixel = pixels[x]
                    row[to++] = (pixel shr 16).toByte()
                    row[to++] = (pixel shr 8).toByte()
                    row[to++] = pixel.toByte()
                }
                while (to < row.size) {
                    row[to] = row[to - 3]
                    to++
                }
            }
            tools.levels.put(row)
        }
        tools.levels.flipOver()
        tools.result.startOver()
    }

    /** Puts the part of a tile's result that belongs to the picture into it. */
    private fun paste(target: Pixels, tile: Tile, plan: TilePlan, tools: Lane.Tools) {
        val (row, column) = tile
        val width = column.keepTo - column.keepFrom
        val first = (row.keepFrom - row.start) * plan.tileWidth + column.keepFrom - column.start
        val pixels = tools.pixels
        val line = tools.row
        for (y in 0 until row.keepTo - row.keepFrom) {
            val start = first + y * plan.tileWidth
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
        target.write(pixels, first, plan.tileWidth, column.keepFrom, row.keepFrom, width, row.keepTo - row.keepFrom)
    }

    private companion object {
        const val OPAQUE = 0xff shl 24
    }
}
