package jpegpre.android

import java.io.Closeable
import java.nio.ByteBuffer
import java.util.concurrent.Executors
import kotlinx.coroutines.asCoroutineDispatcher

/** A thread that works on tiles, with a network and buffers of its own, which are kept for the next picture. */
internal class Lane(name: String, private val open: () -> TileNetwork) : Closeable {
    private val executor = Executors.newSingleThreadExecutor {
        Thread(it, name).apply {
            isDaemon = true
            priority = Thread.NORM_PRIORITY - 1 // what the user touches comes first
        }
    }
    private var network: TileNetwork? = null
    private var pixels = IntArray(0)
    private var levels = ByteBuffer.allocateDirect(0)
    private var result = ByteBuffer.allocateDirect(0)
    private var row = ByteArray(0)

    val dispatcher = executor.asCoroutineDispatcher()

    /** What one tile of a shape is worked on with. Valid until the next call. */
    class Tools(
        val network: TileNetwork,
        /** ARGB, one for each pixel of a tile. */
        val pixels: IntArray,
        /** RGB levels of a tile, as is [result]. */
        val levels: ByteBuffer,
        val result: ByteBuffer,
        /** RGB levels of one row of a tile. */
        val row: ByteArray,
    )

    /** Call it on this lane's thread. */
    fun tools(plan: TilePlan): Tools {
        val count = plan.tileHeight * plan.tileWidth
        if (pixels.size < count) {
            // Old ones go first, so that both never exist at once.
            pixels = IntArray(0)
            pixels = IntArray(count)
        }
        if (levels.capacity() != 3 * count) {
            levels = ByteBuffer.allocateDirect(0)
            result = levels
            levels = ByteBuffer.allocateDirect(3 * count)
            result = ByteBuffer.allocateDirect(3 * count)
        }
        if (row.size != 3 * plan.tileWidth) row = ByteArray(3 * plan.tileWidth)
        return Tools(network(), pixels, levels, result, row)
    }

    /** Opens the network if it is not open. Call it on this lane's thread. */
    fun network(): TileNetwork = network ?: open().also { network = it }

    /** Closes the network; the next picture gets a new one. Call it on this lane's thread. */
    fun drop() {
        network.also { network = null }?.close()
    }

    /** Ends the thread after what it is working on; its network is closed there. Call it once. */
    override fun close() {
        executor.execute { drop() }
        executor.shutdown()
    }
}
