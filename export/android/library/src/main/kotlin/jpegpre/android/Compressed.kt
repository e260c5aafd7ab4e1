package jpegpre.android

/** What `JpegPreprocessor.compress` wrote. */
public data class Compressed(
    /** Bytes of the file. */
    public val sizeBytes: Long,
    /** Bytes that `Bitmap.compress` makes of the same picture at the same quality by itself. */
    public val plainSizeBytes: Long,
    /** How the file came about. */
    public val method: Method,
    /** Why the file was not made by a carrier, in one line; null if it was, or if a carrier would not have been smaller. */
    public val fallbackReason: String?,
    /** The quality used: as given, or as found for `Target.MaxBytes`. */
    public val quality: Int,
    public val width: Int,
    public val height: Int,
    /** True if transparency was put on the background colour. */
    public val isFlattened: Boolean,
)
