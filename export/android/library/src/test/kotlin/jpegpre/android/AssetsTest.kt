package jpegpre.android

import android.content.Context
import android.content.ContextWrapper
import android.content.res.AssetManager
import java.io.File
import jpegpre.android.tflite.NativeHandles
import jpegpre.android.tflite.ShadowNativeInterpreterWrapper
import kotlinx.coroutines.runBlocking
import org.junit.Assert.assertArrayEquals
import org.junit.Assert.assertEquals
import org.junit.Assert.assertTrue
import org.junit.Test
import org.junit.runner.RunWith
import org.robolectric.RobolectricTestRunner
import org.robolectric.RuntimeEnvironment
import org.robolectric.util.ReflectionHelpers
import org.robolectric.util.ReflectionHelpers.ClassParameter

/** Models out of an app's package, read by Android's own AssetManager. */
@RunWith(RobolectricTestRunner::class)
class AssetsTest {
    private val options = PreprocessorOptions(network = { InterpreterNetwork.open(it) })

    @Test
    fun `every profile is found in the assets, mapped, and edits as the file does`() = runBlocking {
        val before = NativeHandles.openInterpreters
        val picture = photo(100, 70)
        val context = appWith("assets.apk")
        for (profile in Profile.entries) {
            val expected = JpegPreprocessor.create(Cases.models.resolve(profile.modelName), options).use { it.preprocess(picture, 50).levels() }
            // With LiteRT 2 the library is not asked for the content, but for the asset.
            JpegPreprocessor.create(context, profile).use { assertArrayEquals(expected, it.preprocess(picture, 50).levels()) }
            JpegPreprocessor.create(context, profile, options).use { preprocessor ->
                assertTrue("mapped, not copied", ShadowNativeInterpreterWrapper.isLastModelMapped)
                assertEquals(profile.modelName, preprocessor.info.name)
                assertTrue(75 in preprocessor.info.qualityRange)
                assertArrayEquals(expected, preprocessor.preprocess(picture, 50).levels())
            }
        }
        waitFor("interpreters left open") { NativeHandles.openInterpreters == before }
    }

    @Test
    fun `compressed assets work too`() = runBlocking {
        JpegPreprocessor.create(appWith("compressed.apk"), options = options).use { assertEquals(16, it.preprocess(photo(16, 16), 75).width) }
    }

    @Test
    fun `what was not packed is named`() = runBlocking {
        val error = assertFails(ErrorCode.MODEL) {
            JpegPreprocessor.create(appWith("assets.apk"), options = PreprocessorOptions(precision = Precision.FP32))
        }
        assertTrue(error.message, "assets/jpegpre/balanced" in error.message!!)
        val without = assertFails(ErrorCode.MODEL) { JpegPreprocessor.create(RuntimeEnvironment.getApplication()) }
        assertTrue(without.message, "cannot read the model in assets/jpegpre/balanced: model.json is not there; this build" in without.message!!)
    }

    private fun appWith(apk: String): Context {
        val assets = ReflectionHelpers.callConstructor(AssetManager::class.java)
        val path = File(System.getProperty("jpegpre.apks"), apk).path
        val cookie = ReflectionHelpers.callInstanceMethod<Int>(assets, "addAssetPath", ClassParameter.from(String::class.java, path))
        assertTrue("$path could not be opened", cookie != 0)
        return object : ContextWrapper(RuntimeEnvironment.getApplication()) {
            override fun getAssets() = assets
        }
    }
}
