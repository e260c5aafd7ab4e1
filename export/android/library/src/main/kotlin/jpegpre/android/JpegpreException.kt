package jpegpre.android

/**
 * Every failure of this library but cancelling (`CancellationException`), wrong arguments (`IllegalArgumentException`) and
 * what the caller's own stream throws (`IOException`).
 */
public class JpegpreException internal constructor(
    public val code: ErrorCode,
    message: String,
    cause: Throwable? = null,
) : Exception(message, cause)

/** The first line of anything thrown, for messages. */
internal fun Throwable.firstLine(): String = message?.trim()?.lineSequence()?.firstOrNull()?.ifEmpty { null } ?: javaClass.simpleName
