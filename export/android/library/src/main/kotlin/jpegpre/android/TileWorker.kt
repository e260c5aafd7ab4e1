package jpegpre.android

import java.io.Closeable
import java.nio.ByteBuffer
import java.nio.ByteOrder
import java.nio.FloatBuffer
import java.util.concurrent.Executors
import kotlinx.coroutines.asCoroutineDispatcher

/** A thread that works on tiles, with a network and buffers of its own, which are kept for the next picture. */
internal class TileWorker(name: String, private val open: () -> TileNetwork) : Closeable {
    private val executor = Executors.newSingleThreadExecutor {
        Thread(it, name).apply {
            isDaemon = true
            priority = Thread.NORM_PRIORITY - 1 // what the user touches comes first
        }
    }
    private var network: TileNetwork? = null
    private var tools: Tools? = null

    val dispatcher = executor.asCoroutineDispatcher()

    /** What one tile is worked on with. */
    class Tools(val network: TileNetwork) {
        val side: Int = network.tileSide

        /** ARGB, one for each pixel of a tile. */
        val pixels = IntArray(side * side)

        /** RGB levels of a tile, as is [result]. */
        val levels: ByteBuffer = ByteBuffer.allocateDirect(3 * side * side)
        val result: ByteBuffer = ByteBuffer.allocateDirect(3 * side * side)

        /** RGB levels of one row of a tile. */
        val row = ByteArray(3 * side)

        /** Coefficients as the network gives them. */
        val luma: FloatBuffer by lazy { floats(side * side) }
        val chroma: FloatBuffer by lazy { floats(side * side / 2) }

        private fun floats(count: Int) = ByteBuffer.allocateDirect(4 * count).order(ByteOrder.nativeOrder()).asFloatBuffer()
    }

    /** Call it on this worker's thread. */
    fun tools(): Tools {
        val network = network()
        return tools?.takeIf { it.network === network } ?: Tools(network).also { tools = it }
    }

    /** Opens the network if it is not open. Call it on this worker's thread. */
    fun network(): TileNetwork = network ?: open().also { network = it }

    /** Closes the network; the next picture gets a new one. Call it on this worker's thread. */
    fun drop() {
        tools = null
        network.also { network = null }?.close()
    }

    /** Ends the thread after what it is working on; its network is closed there. Call it once. */
    override fun close() {
        executor.execute { drop() }
        executor.shutdown()
    }
}
