package jpegpre.android

/** Options of a [JpegPreprocessor]. */
public data class PreprocessorOptions(
    /** Threads for one picture, which share out its tiles, each with an interpreter of its own. At most 4 gain much. */
    public val threads: Int = Runtime.getRuntime().availableProcessors().coerceIn(1, 4),
    /** Pictures that are worked on at once, each on [threads] threads; the others wait. Each takes memory. */
    public val pictures: Int = 1,
    /** Upper bound of a tile's pixels. Smaller tiles take less memory and are cancelled sooner. */
    public val tilePixels: Int = 1 shl 18,
    public val precision: Precision = Precision.INT8,
    /** What runs the network. By default TensorFlow Lite (LiteRT) on the processor, as it is in the app. */
    public val network: TileNetworkFactory = TileNetworkFactory { InterpreterNetwork.open(it) },
) {
    init {
        require(threads in 1..64) { "`threads` must be from 1 to 64. Received: $threads" }
        require(pictures in 1..16) { "`pictures` must be from 1 to 16. Received: $pictures" }
        require(tilePixels in 1..(1 shl 24)) { "`tilePixels` must be from 1 to ${1 shl 24}. Received: $tilePixels" }
    }
}
