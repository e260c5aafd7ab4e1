package jpegpre.android

/** How far to compress. */
public sealed interface Target {
    /** JPEG quality [quality], 1..100. */
    public data class Quality(public val quality: Int) : Target {
        init {
            checkQuality(quality)
        }
    }

    /** The highest quality, up to 95, whose file has at most [bytes] bytes. EXIF that is added later comes on top. */
    public data class MaxBytes(public val bytes: Long) : Target {
        init {
            require(bytes >= 1) { "`bytes` must be at least 1. Received: $bytes" }
        }
    }
}

internal fun checkQuality(quality: Int) {
    require(quality in 1..100) { "`quality` must be from 1 to 100. Received: $quality" }
}

internal fun checkStrength(strength: Float) {
    // A NaN is in no range.
    require(strength in 0f..1f) { "`strength` must be from 0 to 1. Received: $strength" }
}
