package jpegpre.android

/** Options of a [JpegPreprocessor]. */
public data class PreprocessorOptions @JvmOverloads constructor(
    /** Threads for one picture, which share out its tiles, each with an interpreter of its own. At most 4 gain much. */
    public val threads: Int = Runtime.getRuntime().availableProcessors().coerceIn(1, 4),
    /** Pictures that are worked on at once, each on [threads] threads; the others wait. Each takes memory. */
    public val pictures: Int = 1,
    public val precision: Precision = Precision.INT8,
    /** What runs the network. By default LiteRT on the processor, in the form that the app has. */
    public val network: TileNetworkFactory = TileNetworkFactory.AUTOMATIC,
    /** False to leave the tables of files as `Bitmap.compress` writes them, and only edit pixels: larger files. */
    public val carriers: Boolean = true,
) {
    init {
        require(threads in 1..64) { "`threads` must be from 1 to 64. Received: $threads" }
        require(pictures in 1..16) { "`pictures` must be from 1 to 16. Received: $pictures" }
    }
}
