package jpegpre.android

import android.content.res.AssetManager
import java.nio.ByteBuffer

/** A model's .tflite file, checked against the hash in its model.json. */
public class ModelFile internal constructor(
    /** A direct buffer, memory-mapped where the file lies uncompressed. */
    public val content: ByteBuffer,
    /** Name of the asset below [assets], or a path where that is null. */
    public val path: String,
    public val assets: AssetManager?,
    /** INT8 files take and give uint8 levels, the others float32. */
    public val precision: Precision,
)
