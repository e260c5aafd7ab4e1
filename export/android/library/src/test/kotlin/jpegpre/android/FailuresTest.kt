package jpegpre.android

import android.graphics.Bitmap
import java.io.ByteArrayOutputStream
import java.io.File
import java.io.IOException
import java.nio.ByteBuffer
import java.nio.FloatBuffer
import java.security.MessageDigest
import jpegpre.android.tflite.NativeHandles
import kotlinx.coroutines.runBlocking
import org.json.JSONObject
import org.junit.Assert.assertArrayEquals
import org.junit.Assert.assertEquals
import org.junit.Assert.assertThrows
import org.junit.Assert.assertTrue
import org.junit.Rule
import org.junit.Test
import org.junit.rules.TemporaryFolder
import org.junit.runner.RunWith
import org.robolectric.RobolectricTestRunner

/** Damaged models and memory that runs out: typed errors, and nothing left behind. */
@RunWith(RobolectricTestRunner::class)
class FailuresTest {
    @get:Rule
    val temporary = TemporaryFolder()

    private val shipped = Cases.models.resolve("balanced")
    private val bitmaps = CountedBitmaps()
    private val options = PreprocessorOptions(network = { InterpreterNetwork.open(it) })

    @Test
    fun `a damaged model file is told from a sound one`() = runBlocking {
        val before = NativeHandles.openInterpreters
        val sound = shipped.resolve("tflite/int8.tflite").readBytes()
        val turned = sound.copyOf().apply { this[size / 2] = (this[size / 2] + 1).toByte() }
        for (content in listOf(turned, sound.copyOf(sound.size / 2), ByteArray(0))) {
            val error = assertFails(ErrorCode.MODEL) { JpegPreprocessor.create(model(content, isHashRight = false), options) }
            assertTrue(error.message, "is not the file that its model.json describes" in error.message!!)
        }
        // The same with a description that matches: then TensorFlow Lite has to notice.
        for (content in listOf(sound.copyOf(sound.size / 2), ByteArray(1000) { it.toByte() }, ByteArray(0))) {
            val error = assertFails(ErrorCode.MODEL) { JpegPreprocessor.create(model(content), options) }
            assertTrue(error.message, "cannot run this model" in error.message!!)
        }
        assertEquals("interpreters left open", before, NativeHandles.openInterpreters)
        JpegPreprocessor.create(model(sound), options).close()
        waitFor("interpreters left open") { NativeHandles.openInterpreters == before }
    }

    @Test
    fun `another network is refused`() = runBlocking {
        // A shipped one, but for the names of its signatures.
        val content = shipped.resolve("tflite/int8.tflite").readBytes().toString(Charsets.ISO_8859_1)
        val renamed = content.replace("\u0000decide\u0000", "\u0000devide\u0000").toByteArray(Charsets.ISO_8859_1)
        val error = assertFails(ErrorCode.MODEL) { JpegPreprocessor.create(model(renamed), options) }
        assertEquals(
            "expected a network with the signatures edit and decide (version 5 or later); received carrier, devide, edit",
            error.message,
        )
        val compiled = PreprocessorOptions(network = { CompiledModelNetwork.open(it) })
        val other = assertFails(ErrorCode.MODEL) { JpegPreprocessor.create(model(renamed), compiled) }
        assertTrue(other.message, "LiteRT cannot run this model" in other.message!!)
    }

    @Test
    fun `changed or damaged tables are told from the model's own`() = runBlocking {
        val content = shipped.resolve("tflite/int8.tflite").readBytes()
        for (tables in listOf("{}", "not JSON", "")) {
            val changed = model(content).also { File(it, "tables.json").writeText(tables) }
            val error = assertFails(ErrorCode.MODEL) { JpegPreprocessor.create(changed, options) }
            assertTrue(error.message, "tables.json is not the file that its model.json describes" in error.message!!)
            val damaged = model(content, tables = tables.toByteArray())
            assertFails(ErrorCode.MODEL) { JpegPreprocessor.create(damaged, options) }
        }
        val missing = model(content).also { File(it, "tables.json").delete() }
        assertFails(ErrorCode.MODEL) { JpegPreprocessor.create(missing, options) }
        JpegPreprocessor.create(model(content), options).close()
    }

    @Test
    fun `a closed stream's own exception comes out`() {
        val file = temporary.newFile()
        val closed = file.outputStream().apply { close() }
        runBlocking {
            open(SlowInverter()).use { preprocessor ->
                assertThrows(IOException::class.java) { runBlocking { preprocessor.compress(photo(64, 64), 75, closed) } }
            }
        }
        assertEquals(0, file.length())
        bitmaps.assertAllRecycled()
    }

    @Test
    fun `a missing or unreadable description says where`() = runBlocking {
        val folder = temporary.newFolder()
        assertFails(ErrorCode.MODEL) { JpegPreprocessor.create(folder) }.also { assertTrue(it.message, folder.path in it.message!!) }
        File(folder, "model.json").writeText("{ not JSON")
        assertFails(ErrorCode.MODEL) { JpegPreprocessor.create(folder) }
        File(folder, "model.json").writeText("{}")
        assertFails(ErrorCode.MODEL) { JpegPreprocessor.create(folder) }
        val folderWithoutFile = model(ByteArray(10)).also { File(it, "tflite/int8.tflite").delete() }
        assertFails(ErrorCode.MODEL) { JpegPreprocessor.create(folderWithoutFile) }
        val error = assertFails(ErrorCode.MODEL) {
            JpegPreprocessor.create(model(ByteArray(10)), PreprocessorOptions(precision = Precision.FP16))
        }
        assertTrue(error.message, "no .tflite file of precision fp16" in error.message!!)
    }

    @Test
    fun `a bitmap that is recycled too early is said to be, and the next one works`() = runBlocking {
        val networks = CountedNetworks(SlowInverter())
        val preprocessor = open(networks)
        val calls = listOf<suspend (Bitmap) -> Any>(
            { preprocessor.preprocess(it, 75) { _ -> it.recycle() } },
            { preprocessor.compress(it, Target.Quality(75), ByteArrayOutputStream(), onProgress = { _ -> it.recycle() }) },
        )
        for (call in calls) {
            val error = assertFails(ErrorCode.INVALID_BITMAP) { call(photo(700, 500)) }
            assertEquals("the bitmap was recycled while it was worked on", error.message)
            bitmaps.assertAllRecycled()
            assertTrue(preprocessor.compress(photo(40, 30), 75, ByteArrayOutputStream()).sizeBytes > 0)
        }
        preprocessor.close()
        networks.assertAllClosed()
    }

    @Test
    fun `no memory for a bitmap, at whichever it runs out`() = runBlocking {
        val networks = CountedNetworks(SlowInverter())
        val preprocessor = open(networks)
        val picture = photo(300, 200).apply { setPixel(0, 0, 0) } // transparent: flattened and edited are two bitmaps
        for (failFrom in 0..1) {
            bitmaps.made.clear()
            bitmaps.failFrom = failFrom
            val out = ByteArrayOutputStream()
            val error = assertFails(ErrorCode.OUT_OF_MEMORY) { preprocessor.compress(picture, 75, out) }
            assertTrue(error.message, "300 x 200" in error.message!!)
            assertTrue(error.cause is OutOfMemoryError)
            assertEquals(0, out.size())
            bitmaps.assertAllRecycled()
            if (failFrom == 0) assertFails(ErrorCode.OUT_OF_MEMORY) { preprocessor.preprocess(picture, 75) }
        }
        // Memory is there again: so is the preprocessor.
        bitmaps.failFrom = Int.MAX_VALUE
        assertEquals(300, preprocessor.preprocess(picture, 75).width)
        preprocessor.close()
        networks.assertAllClosed()
    }

    @Test
    fun `no memory for a network, when it is loaded and while it runs`() = runBlocking {
        assertFails(ErrorCode.OUT_OF_MEMORY) { open { throw OutOfMemoryError("injected") } }
        val failing = Failing(OutOfMemoryError("injected"))
        val networks = CountedNetworks(failing)
        val preprocessor = open(networks)
        val picture = photo(700, 500)
        assertFails(ErrorCode.OUT_OF_MEMORY) { preprocessor.preprocess(picture, 75) }
        assertFails(ErrorCode.OUT_OF_MEMORY) { preprocessor.compress(picture, 75, ByteArrayOutputStream()) }
        bitmaps.assertAllRecycled()
        failing.runsLeft = Int.MAX_VALUE
        preprocessor.preprocess(picture, 75)
        preprocessor.close()
        networks.assertAllClosed()
    }

    @Test
    fun `a network that fails on a tile is replaced`() = runBlocking {
        val failing = Failing(IllegalStateException("Internal error: Failed to run on the given Interpreter\nmore lines"))
        val networks = CountedNetworks(failing)
        val preprocessor = open(networks)
        val picture = photo(700, 500)
        val error = assertFails(ErrorCode.MODEL) { preprocessor.preprocess(picture, 75) }
        assertEquals("the network failed on a tile: Internal error: Failed to run on the given Interpreter", error.message)
        val opened = networks.opened.get()
        failing.runsLeft = Int.MAX_VALUE
        assertArrayEquals(picture.levels().let { levels -> ByteArray(levels.size) { (255 - levels[it]).toByte() } },
            preprocessor.preprocess(picture, 75).levels())
        assertTrue(networks.opened.get() > opened)
        preprocessor.close()
        networks.assertAllClosed()
    }

    private suspend fun open(networks: TileNetworkFactory): JpegPreprocessor {
        val options = PreprocessorOptions(threads = 2, network = networks)
        return JpegPreprocessor.open(FolderFiles(shipped), options, bitmaps)
    }

    /** A model's folder with [content] as its int8 file. */
    private fun model(
        content: ByteArray,
        isHashRight: Boolean = true,
        tables: ByteArray = shipped.resolve("tables.json").readBytes(),
    ): File {
        val folder = temporary.newFolder()
        val card = JSONObject(shipped.resolve("model.json").readText())
        val files = card.getJSONObject("files")
        if (isHashRight) files.getJSONObject("tflite/int8.tflite").put("sha256", hash(content))
        files.getJSONObject("tables.json").put("sha256", hash(tables))
        File(folder, "tables.json").writeBytes(tables)
        files.remove("tflite/fp16.tflite")
        File(folder, "model.json").writeText(card.toString())
        File(folder, "tflite").mkdir()
        File(folder, "tflite/int8.tflite").writeBytes(content)
        return folder
    }

    private fun hash(content: ByteArray) =
        MessageDigest.getInstance("SHA-256").digest(content).joinToString("") { "%02x".format(it) }

    /** Inverts levels, and throws [error] from its fifth run on. */
    private class Failing(private val error: Throwable) : TileNetworkFactory {
        @Volatile
        var runsLeft = 4

        override fun open(model: ModelFile): TileNetwork {
            val inner = SlowInverter().open(model)
            return object : TileNetwork by inner {
                override fun edit(levels: ByteBuffer, conditions: Conditions, result: ByteBuffer) {
                    if (runsLeft-- <= 0) throw error
                    inner.edit(levels, conditions, result)
                }

                override fun decide(levels: ByteBuffer, conditions: Conditions, luma: FloatBuffer, chroma: FloatBuffer) {
                    if (runsLeft-- <= 0) throw error
                    inner.decide(levels, conditions, luma, chroma)
                }
            }
        }
    }
}
