package jpegpre.sample

import android.graphics.Bitmap
import android.graphics.Canvas
import android.graphics.Color
import android.view.MotionEvent
import android.view.View
import org.junit.Assert.assertEquals
import org.junit.Assert.assertNull
import org.junit.Test
import org.junit.runner.RunWith
import org.robolectric.RobolectricTestRunner
import org.robolectric.RuntimeEnvironment

@RunWith(RobolectricTestRunner::class)
class WipeViewTest {
    private val view = WipeView(RuntimeEnvironment.getApplication()).apply {
        measure(View.MeasureSpec.makeMeasureSpec(200, View.MeasureSpec.EXACTLY), View.MeasureSpec.makeMeasureSpec(100, View.MeasureSpec.EXACTLY))
        layout(0, 0, 200, 100)
    }

    @Test
    fun `the photo is left of the line, the new file right of it, and the line follows the finger`() {
        view.show(filled(Color.RED), filled(Color.BLUE))
        // Pictures of 50 x 50 fill the height, 50 pixels are free on each side.
        assertEquals(listOf(Color.RED, Color.WHITE, Color.BLUE), colors(75, 100, 125))
        assertEquals(listOf(0, 0), colors(20, 180))
        for ((finger, expected) in listOf(
            140f to listOf(Color.RED, Color.RED, Color.BLUE),
            60f to listOf(Color.BLUE, Color.BLUE, Color.BLUE),
            -30f to listOf(Color.BLUE, Color.BLUE, Color.BLUE),
            300f to listOf(Color.RED, Color.RED, Color.RED),
        )) {
            view.dispatchTouchEvent(MotionEvent.obtain(0, 0, MotionEvent.ACTION_MOVE, finger, 50f, 0))
            assertEquals("finger at $finger", expected, colors(75, 125, 145))
        }
    }

    @Test
    fun `without pictures nothing is drawn`() {
        assertEquals(listOf(0, 0, 0), colors(75, 100, 125))
        view.show(filled(Color.RED), null)
        assertEquals(listOf(0, 0, 0), colors(75, 100, 125))
        assertNull(view.contentDescription)
    }

    private fun filled(color: Int) = Bitmap.createBitmap(50, 50, Bitmap.Config.ARGB_8888).apply { eraseColor(color) }

    /** What the view shows in its middle row. */
    private fun colors(vararg columns: Int): List<Int> {
        val shown = Bitmap.createBitmap(200, 100, Bitmap.Config.ARGB_8888)
        view.draw(Canvas(shown))
        return columns.map { shown.getPixel(it, 50) }
    }
}
