package jpegpre.android

/** What `JpegPreprocessor.compress` wrote. */
public data class Compressed(
    /** Bytes of the file. */
    public val sizeBytes: Long,
    /** Bytes that `Bitmap.compress` makes of the same picture at the same quality without editing. */
    public val plainSizeBytes: Long,
    /** False if editing would have saved nothing: the file is then the plain one. */
    public val isEdited: Boolean,
    /** The quality used: as given, or as found for `Target.MaxBytes`. */
    public val quality: Int,
    public val width: Int,
    public val height: Int,
    /** True if transparency was put on the background colour. */
    public val isFlattened: Boolean,
)
