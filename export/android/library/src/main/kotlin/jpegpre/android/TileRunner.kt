package jpegpre.android

import java.util.concurrent.atomic.AtomicInteger
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.ensureActive
import kotlinx.coroutines.launch

/** What is done with one tile after another; called on several threads, each with tools of its own. */
internal interface TileWork {
    /** Runs the network on the levels in [tools]. */
    fun infer(tools: TileWorker.Tools)

    /** Takes what belongs to the picture out of the network's result. */
    fun keep(tools: TileWorker.Tools, tile: Tile)
}

/** Runs the network over a picture of any size, tile by tile, on as many workers as there are. */
internal class TileRunner(private val workers: List<TileWorker>, private val plan: TilePlan) {
    /**
     * Does [work] on all tiles of [source].
     *
     * When this returns or throws, no thread works on any picture any more.
     *
     * @param onProgress Called on a worker's thread after every tile with the share that is done, 0..1.
     */
    suspend fun run(source: Pixels, work: TileWork, onProgress: (Float) -> Unit) {
        val tiles = plan.tiles
        val next = AtomicInteger()
        val done = AtomicInteger()
        coroutineScope {
            for (worker in workers.take(tiles.size)) {
                launch(worker.dispatcher) {
                    val tools = worker.tools()
                    while (true) {
                        ensureActive()
                        val tile = tiles.getOrNull(next.getAndIncrement()) ?: break
                        cut(source, tile, tools)
                        try {
                            work.infer(tools)
                        } catch (error: Throwable) {
                            // A network that failed is not trusted with another picture.
                            worker.drop()
                            throw if (error is Exception && error !is JpegpreException) failed(error) else error
                        }
                        ensureActive()
                        work.keep(tools, tile)
                        onProgress(done.incrementAndGet().toFloat() / tiles.size)
                    }
                }
            }
        }
    }

    private fun failed(error: Exception) =
        JpegpreException(ErrorCode.MODEL, "the network failed on a tile: ${error.firstLine()}", error)

    /** Copies one tile for the network, replicating the picture's last row and column beyond it. */
    private fun cut(source: Pixels, tile: Tile, tools: TileWorker.Tools) {
        val side = plan.side
        val height = minOf(side, source.height - tile.row.start)
        val width = minOf(side, source.width - tile.column.start)
        val pixels = tools.pixels
        source.read(pixels, side, tile.column.start, tile.row.start, width, height)
        val row = tools.row
        tools.levels.startOver()
        for (y in 0 until side) {
            if (y < height) {
                var to = 0
                for (x in y * side until y * side + width) {
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
}
