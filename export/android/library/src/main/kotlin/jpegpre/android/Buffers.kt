package jpegpre.android

import java.nio.Buffer

// Of Buffer, not of ByteBuffer, whose own versions of these functions only exist from Android 9 on.

internal fun Buffer.startOver() {
    clear()
}

internal fun Buffer.flipOver() {
    flip()
}

internal fun Buffer.moveTo(position: Int) {
    position(position)
}
