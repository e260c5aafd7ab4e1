package jpegpre.android

import java.nio.ByteBuffer
import java.nio.ByteOrder
import jpegpre.android.jpeg.JpegTables

/** What the network is told besides the picture. */
public class Conditions internal constructor(tables: JpegTables, public val strength: Float) {
    /** Entries of the quantization table that the decoder will use for luma, 1..255, natural order. */
    public val lumaTable: FloatArray = FloatArray(64) { tables.luma[it].toFloat() }

    /** Likewise for chroma. */
    public val chromaTable: FloatArray = FloatArray(64) { tables.chroma[it].toFloat() }

    /** By the names of the network's inputs. */
    internal val values: Map<String, FloatArray> =
        mapOf("luma_table" to lumaTable, "chroma_table" to chromaTable, "strength" to floatArrayOf(strength))

    /** [values] in direct buffers of the processor's byte order. */
    internal val buffers: Map<String, ByteBuffer> by lazy {
        values.mapValues { (_, values) ->
            ByteBuffer.allocateDirect(4 * values.size).order(ByteOrder.nativeOrder()).apply { asFloatBuffer().put(values) }
        }
    }
}
