package jpegpre.android

import java.io.Closeable
import java.nio.ByteBuffer

/**
 * Runs the preprocessing network on single tiles: all that this library needs of an interpreter.
 *
 * Opened, run and closed on one and the same thread.
 */
public interface TileNetwork : Closeable {
    /**
     * @param levels Direct buffer, from its position to its limit [height] x [width] x 3 RGB levels. May be read only.
     * @param height Pixels, a multiple of the model's alignment, as is [width]. Seldom changes from call to call.
     * @param quality 1..100.
     * @param strength 0..1.
     * @param result Direct buffer for as many levels as [levels] holds, filled from its position on.
     */
    public fun run(levels: ByteBuffer, height: Int, width: Int, quality: Float, strength: Float, result: ByteBuffer)

    override fun close()
}
