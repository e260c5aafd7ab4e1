package jpegpre.android

import java.nio.ByteBuffer

/** Opens a [TileNetwork]; called once on each thread that works on tiles. */
public fun interface TileNetworkFactory {
    /** @param model Content of the .tflite file: a direct buffer, memory-mapped where the asset is stored uncompressed. */
    public fun open(model: ByteBuffer): TileNetwork
}
