package jpegpre.sample

import android.annotation.SuppressLint
import android.content.Context
import android.graphics.Bitmap
import android.graphics.Canvas
import android.graphics.Color
import android.graphics.Paint
import android.graphics.RectF
import android.view.MotionEvent
import android.view.View

/** Two pictures of one size, the first left of a line that follows the finger, the second right of it. */
internal class WipeView(context: Context) : View(context) {
    private val paint = Paint(Paint.FILTER_BITMAP_FLAG)
    private val line = Paint().apply {
        color = Color.WHITE
        strokeWidth = 2 * resources.displayMetrics.density
    }
    private val place = RectF()
    private var before: Bitmap? = null
    private var after: Bitmap? = null
    private var share = 0.5f

    fun show(before: Bitmap?, after: Bitmap?) {
        this.before = before
        this.after = after
        contentDescription = if (after == null) null else "Before and after; drag to compare"
        invalidate()
    }

    override fun onDraw(canvas: Canvas) {
        val left = before ?: return
        val right = after ?: return
        val scale = minOf(width.toFloat() / left.width, height.toFloat() / left.height)
        val x = (width - left.width * scale) / 2
        val y = (height - left.height * scale) / 2
        place.set(x, y, x + left.width * scale, y + left.height * scale)
        val cut = width * share
        canvas.drawBitmap(right, null, place, paint)
        canvas.save()
        canvas.clipRect(0f, 0f, cut, height.toFloat())
        canvas.drawBitmap(left, null, place, paint)
        canvas.restore()
        canvas.drawLine(cut, place.top, cut, place.bottom, line)
    }

    @SuppressLint("ClickableViewAccessibility") // nothing is clicked
    override fun onTouchEvent(event: MotionEvent): Boolean {
        share = (event.x / width).coerceIn(0f, 1f)
        invalidate()
        return true
    }
}
