package jpegpre.android

/** The model in use. */
public data class ModelInfo(
    public val name: String,
    public val version: String,
    /** JPEG qualities that it was trained for; others are accepted. */
    public val qualityRange: IntRange,
)
