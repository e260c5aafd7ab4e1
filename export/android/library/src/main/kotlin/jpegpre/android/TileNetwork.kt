package jpegpre.android

import java.io.Closeable
import java.nio.ByteBuffer
import java.nio.FloatBuffer

/**
 * Runs the preprocessing network on single tiles of one size: all that this library needs of an interpreter.
 *
 * Opened, run and closed on one and the same thread.
 */
public interface TileNetwork : Closeable {
    /** Pixels a side of its square tiles, a multiple of 16. */
    public val tileSide: Int

    /**
     * Edits a tile's pixels.
     *
     * @param levels Direct buffer, from its position to its limit [tileSide] x [tileSide] x 3 RGB levels. May be read only.
     * @param result Direct buffer for as many levels as [levels] holds, filled from its position on.
     */
    public fun edit(levels: ByteBuffer, conditions: Conditions, result: ByteBuffer)

    /**
     * Decides the quantized coefficients that a 4:2:0 file of the tile shall hold.
     *
     * Of each block the coefficients come by row + column, then by row.
     *
     * @param luma Direct buffer, filled from its first element on: 64 for each of (tileSide / 8)² blocks.
     * @param chroma Likewise: 64 of Cb, then 64 of Cr, for each of (tileSide / 16)² blocks.
     */
    public fun decide(levels: ByteBuffer, conditions: Conditions, luma: FloatBuffer, chroma: FloatBuffer)

    override fun close()
}
