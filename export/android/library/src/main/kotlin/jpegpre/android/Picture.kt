package jpegpre.android

import android.graphics.Bitmap
import android.graphics.Color
import android.graphics.ColorSpace
import android.os.Build
import java.io.Closeable

/**
 * A caller's bitmap in a form whose levels can be read and edited as they are stored. The caller's is not changed.
 *
 * `Bitmap.getPixels` converts to sRGB, which would cut off wide colours. From Android 10 on a bitmap of 8 bits a channel is
 * therefore copied and its copy declared to be sRGB while it is edited ([colorSpace] is what it really is). Before that,
 * and for bitmaps of more bits, the conversion happens.
 */
internal class Picture private constructor(
    private val bitmaps: Bitmaps,
    private val original: Bitmap,
    /** The levels; the caller's own bitmap where that will do. */
    private val levels: Bitmap,
    private val colorSpace: ColorSpace?,
    val isFlattened: Boolean,
) : Closeable {
    val width: Int get() = levels.width
    val height: Int get() = levels.height
    val pixels: Pixels = BitmapPixels(levels)

    /** A bitmap of the same kind to edit into; finish it with [label]. */
    fun target(): Bitmap = bitmaps.create(width, height).also {
        it.density = original.density
        it.setHasAlpha(levels.hasAlpha())
        it.isPremultiplied = levels.isPremultiplied
    }

    /** An opaque bitmap for the picture's carrier, its sides rounded up to multiples of 16; finish it with [label]. */
    fun carrierTarget(): Bitmap = bitmaps.create((width + 15) / 16 * 16, (height + 15) / 16 * 16).also { it.setHasAlpha(false) }

    /** True if the caller's bitmap has an HDR gain map (Android 14). */
    val hasGainmap: Boolean
        get() = Build.VERSION.SDK_INT >= Build.VERSION_CODES.UPSIDE_DOWN_CAKE && original.hasGainmap()

    /** Says what the levels of an edited [target] mean, and hands on what belongs to the picture. */
    fun label(target: Bitmap) {
        if (Build.VERSION.SDK_INT >= Build.VERSION_CODES.Q && colorSpace != null) target.setColorSpace(colorSpace)
        if (Build.VERSION.SDK_INT >= Build.VERSION_CODES.UPSIDE_DOWN_CAKE && original.hasGainmap()) {
            target.gainmap = original.gainmap
        }
    }

    /** Takes [label] back, to edit into [target] once more. */
    fun unlabel(target: Bitmap) {
        if (Build.VERSION.SDK_INT >= Build.VERSION_CODES.Q && colorSpace != null) target.setColorSpace(SRGB)
    }

    /** Calls [encode] with the unedited picture. */
    fun <T> unedited(encode: (Bitmap) -> T): T {
        if (levels === original) return encode(original)
        label(levels)
        try {
            return encode(levels)
        } finally {
            unlabel(levels)
        }
    }

    override fun close() {
        if (levels !== original) levels.recycle()
    }

    companion object {
        private val SRGB: ColorSpace by lazy { ColorSpace.get(ColorSpace.Named.SRGB) }

        /** Side of a JPEG file's picture at most. */
        private const val LONGEST_SIDE = 65535

        /** Throws JpegpreException unless [bitmap] holds a picture. */
        fun check(bitmap: Bitmap) {
            if (bitmap.isRecycled) throw JpegpreException(ErrorCode.INVALID_BITMAP, "the bitmap was recycled")
            if (bitmap.width < 1 || bitmap.height < 1) {
                val size = "${bitmap.width} x ${bitmap.height}"
                throw JpegpreException(ErrorCode.INVALID_BITMAP, "the bitmap has no pixels: $size")
            }
            if (bitmap.config == Bitmap.Config.ALPHA_8) {
                throw JpegpreException(ErrorCode.UNSUPPORTED_BITMAP, "a bitmap of configuration ALPHA_8 is a mask, not a picture")
            }
        }

        /** Throws JpegpreException unless a JPEG file can hold the picture. */
        fun checkSides(bitmap: Bitmap) {
            if (maxOf(bitmap.width, bitmap.height) > LONGEST_SIDE) {
                val size = "${bitmap.width} x ${bitmap.height}"
                throw JpegpreException(ErrorCode.TOO_LARGE, "$size pixels: a JPEG file holds at most $LONGEST_SIDE a side")
            }
        }

        /**
         * @param background Colour to put transparent pixels on; null keeps them.
         * @throws JpegpreException if the bitmap holds no picture.
         */
        fun of(bitmap: Bitmap, bitmaps: Bitmaps, background: Int? = null): Picture {
            check(bitmap)
            // Android's encoder refuses ten bits a channel.
            val isReadable = bitmaps.isReadable(bitmap) && !isTenBit(bitmap)
            val colorSpace = if (!isReadable || isEightBit(bitmap)) wideColorSpace(bitmap) else null
            if (colorSpace == null && isReadable) return flattened(bitmap, bitmap, null, bitmaps, background)
            val copy = bitmaps.copy(bitmap)
            try {
                if (colorSpace != null && Build.VERSION.SDK_INT >= Build.VERSION_CODES.Q) copy.setColorSpace(SRGB)
                return flattened(bitmap, copy, colorSpace, bitmaps, background).also { if (it.levels !== copy) copy.recycle() }
            } catch (error: Throwable) {
                copy.recycle()
                throw error
            }
        }

        private fun flattened(
            original: Bitmap,
            levels: Bitmap,
            colorSpace: ColorSpace?,
            bitmaps: Bitmaps,
            background: Int?,
        ): Picture {
            if (background == null || !levels.hasAlpha() || !isTransparent(levels)) {
                return Picture(bitmaps, original, levels, colorSpace, isFlattened = false)
            }
            val opaque = bitmaps.create(levels.width, levels.height)
            try {
                opaque.density = original.density
                opaque.setHasAlpha(false)
                strips(levels) { strip, y, rows ->
                    for (i in strip.indices) strip[i] = over(strip[i], background)
                    opaque.setPixels(strip, 0, levels.width, 0, y, levels.width, rows)
                    true
                }
                return Picture(bitmaps, original, opaque, colorSpace, isFlattened = true)
            } catch (error: Throwable) {
                opaque.recycle()
                throw error
            }
        }

        private fun isTenBit(bitmap: Bitmap): Boolean =
            Build.VERSION.SDK_INT >= Build.VERSION_CODES.TIRAMISU && bitmap.config == Bitmap.Config.RGBA_1010102

        private fun isEightBit(bitmap: Bitmap): Boolean =
            bitmap.config == Bitmap.Config.ARGB_8888 || bitmap.config == Bitmap.Config.RGB_565

        /** The colour space if it is another than sRGB and levels in it can be edited as they are. */
        private fun wideColorSpace(bitmap: Bitmap): ColorSpace? {
            if (Build.VERSION.SDK_INT < Build.VERSION_CODES.Q) return null
            return bitmap.colorSpace?.takeUnless { it.isSrgb || it.model != ColorSpace.Model.RGB || it.getMinValue(0) < 0f }
        }

        private fun isTransparent(bitmap: Bitmap): Boolean {
            var isTransparent = false
            strips(bitmap) { strip, _, _ ->
                isTransparent = strip.any { it ushr 24 != 255 }
                !isTransparent
            }
            return isTransparent
        }

        /** Calls [work] with (levels, first row, rows) of the whole picture from top to bottom, until it returns false. */
        private inline fun strips(bitmap: Bitmap, work: (IntArray, Int, Int) -> Boolean) {
            val rows = ((1 shl 18) / bitmap.width).coerceIn(1, bitmap.height)
            var strip = IntArray(rows * bitmap.width)
            for (y in 0 until bitmap.height step rows) {
                val count = minOf(rows, bitmap.height - y)
                if (count < rows) strip = IntArray(count * bitmap.width)
                bitmap.getPixels(strip, 0, bitmap.width, 0, y, bitmap.width, count)
                if (!work(strip, y, count)) return
            }
        }

        private fun over(pixel: Int, background: Int): Int {
            val alpha = Color.alpha(pixel)
            val mix = { level: Int, behind: Int -> (level * alpha + behind * (255 - alpha) + 127) / 255 }
            return Color.rgb(
                mix(Color.red(pixel), Color.red(background)),
                mix(Color.green(pixel), Color.green(background)),
                mix(Color.blue(pixel), Color.blue(background)),
            )
        }
    }
}
