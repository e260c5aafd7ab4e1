package jpegpre.sample

import android.app.Activity
import android.content.Intent
import android.content.res.AssetManager
import android.net.Uri
import android.os.Looper
import android.widget.Button
import android.widget.LinearLayout
import java.io.File
import jpegpre.android.Cases
import jpegpre.android.tflite.NativeHandles
import org.junit.Assert.assertEquals
import org.junit.Assert.assertFalse
import org.junit.Assert.assertTrue
import org.junit.Test
import org.junit.runner.RunWith
import org.robolectric.Robolectric
import org.robolectric.RobolectricTestRunner
import org.robolectric.Shadows.shadowOf
import org.robolectric.android.controller.ActivityController
import org.robolectric.util.ReflectionHelpers
import org.robolectric.util.ReflectionHelpers.ClassParameter

@RunWith(RobolectricTestRunner::class)
class MainActivityTest {
    @Test
    fun `a photo is picked, compressed and offered to be shared`() {
        val before = NativeHandles.openInterpreters
        val controller = Robolectric.buildActivity(MainActivity::class.java)
        val apk = File(System.getProperty("jpegpre.apks"), "assets.apk").path
        ReflectionHelpers.callInstanceMethod<Int>(
            AssetManager::class.java, controller.get().assets, "addAssetPath", ClassParameter.from(String::class.java, apk),
        )
        val activity = controller.setup().get()
        assertFalse(activity.share.isEnabled)
        pick(controller, Cases.file("camera.jpg"))
        waitFor(activity) { "saved" in activity.status.text }
        val shown = Regex("""[\d,.]+ -> [\d,.]+ bytes at quality 75; Android alone makes [\d,.]+: \d+[.,]\d % saved""")
        assertTrue(activity.status.text.toString(), shown.matches(activity.status.text))
        assertTrue(activity.share.isEnabled)
        val file = File(activity.cacheDir, "shared/photo.jpg")
        assertTrue(file.isFile)
        assertEquals("Before and after; drag to compare", activity.wipe.contentDescription)
        activity.uriOf = { Uri.fromFile(it) }
        activity.share.performClick()
        val chooser = shadowOf(activity).nextStartedActivity
        assertEquals(Intent.ACTION_CHOOSER, chooser.action)
        val sent = chooser.getParcelableExtra(Intent.EXTRA_INTENT, Intent::class.java)!!
        assertEquals(Intent.ACTION_SEND to "image/jpeg", sent.action to sent.type)
        assertEquals(Uri.fromFile(file), sent.getParcelableExtra(Intent.EXTRA_STREAM, Uri::class.java))
        assertTrue(sent.flags and Intent.FLAG_GRANT_READ_URI_PERMISSION != 0)
        activity.bySize.performClick()
        waitFor(activity) { "saved" in activity.status.text }
        // About two thirds of the way from 20 kB to 5 MB: the highest quality fits.
        assertTrue(activity.status.text.toString(), "at quality 95" in activity.status.text)
        assertTrue(file.isFile)
        controller.pause().stop().destroy()
        waitFor(activity) { NativeHandles.openInterpreters == before }
    }

    @Test
    fun `without models it says so`() {
        val controller = Robolectric.buildActivity(MainActivity::class.java).setup()
        val activity = controller.get()
        pick(controller, Cases.file("camera.jpg"))
        waitFor(activity) { activity.status.text.startsWith("cannot read the model in assets/jpegpre/balanced") }
        assertFalse(activity.share.isEnabled)
        controller.pause().stop().destroy()
    }

    private fun pick(controller: ActivityController<MainActivity>, photo: File) {
        val content = controller.get().findViewById<android.view.ViewGroup>(android.R.id.content)?.getChildAt(0) ?: error("no content")
        ((content as LinearLayout).getChildAt(0) as Button).performClick()
        val started = shadowOf(controller.get()).nextStartedActivityForResult
        assertEquals(Intent.ACTION_CHOOSER, started.intent.action)
        shadowOf(controller.get()).receiveResult(started.intent, Activity.RESULT_OK, Intent().setData(Uri.fromFile(photo)))
    }

    private fun waitFor(activity: MainActivity, condition: () -> Boolean) {
        val end = System.nanoTime() + 60_000_000_000
        while (!condition()) {
            shadowOf(Looper.getMainLooper()).idle()
            Thread.sleep(5)
            if (System.nanoTime() > end) error("still waiting; the screen says: ${activity.status.text}")
        }
    }
}
