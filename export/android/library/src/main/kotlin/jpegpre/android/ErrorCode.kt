package jpegpre.android

/** What went wrong, for programs; the exception's message says it to people, in one line. */
public enum class ErrorCode {
    /** The bitmap was recycled or has no pixels. */
    INVALID_BITMAP,

    /** A bitmap of a kind that holds no picture, such as ALPHA_8. */
    UNSUPPORTED_BITMAP,

    /** More pixels a side than a JPEG file can have. */
    TOO_LARGE,

    /** The memory for another bitmap, for a file or for the network is not there. */
    OUT_OF_MEMORY,

    /** The model is missing, is not the file that its description names, or cannot be run. */
    MODEL,

    /** `Target.MaxBytes` cannot be met at any quality. */
    IMPOSSIBLE_SIZE,

    /** `Bitmap.compress` failed. */
    ENCODER,

    /** `close` was called. */
    CLOSED,
}
