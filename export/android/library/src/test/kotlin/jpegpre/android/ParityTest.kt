package jpegpre.android

import java.io.File
import java.nio.ByteBuffer
import java.nio.FloatBuffer
import kotlin.math.abs
import kotlinx.coroutines.runBlocking
import org.json.JSONObject
import org.junit.Assert.assertEquals
import org.junit.Assert.assertTrue
import org.junit.Test
import org.junit.runner.RunWith
import org.robolectric.RobolectricTestRunner

/** The pipeline against the Python runtime, on five pictures of odd sizes and all three profiles. */
@RunWith(RobolectricTestRunner::class)
class ParityTest {
    @Test
    fun `given the same tile results, no sample differs`() {
        val cases = Cases.read("parity.json").filter { it.getString("precision") == "int8" }
        assertEquals(15, cases.size)
        for (case in cases) {
            val recorded = Recorded(Cases.file("${case.getString("label")}.tiles").readBytes(), case)
            assertEquals(case.getString("label"), 0, differences(case, recorded).count { it != 0 })
            // Each tile once: nothing was computed twice or left out.
            assertEquals(case.getInt("tiles"), recorded.runs)
        }
    }

    @Test
    fun `with a real interpreter within one level on 999 samples of 1000`() {
        for (case in Cases.read("parity.json")) check("interpreter", case) { InterpreterNetwork.open(it) }
    }

    @Test
    fun `by the calls that LiteRT 2 has too`() {
        // A double of LiteRT's classes, so that at least what is asked of them is right.
        for (case in Cases.read("parity.json").filter { it.getString("profile") == "balanced" }) {
            check("compiled model", case, TileNetworkFactory.AUTOMATIC)
        }
    }

    private fun check(name: String, case: JSONObject, network: TileNetworkFactory) {
        val differences = differences(case, network)
        val near = differences.count { it <= 1 }.toDouble() / differences.size
        val equal = differences.count { it == 0 }.toDouble() / differences.size
        println("parity ${case.getString("label")} by $name: equal %.5f, within one level %.5f".format(equal, near))
        assertTrue("${case.getString("label")}: only $near are within one level", near >= 0.999)
    }

    /** Absolute differences of all samples to the Python runtime's result, in levels. */
    private fun differences(case: JSONObject, network: TileNetworkFactory): List<Int> = runBlocking {
        val options = PreprocessorOptions(
            threads = 3,
            precision = Precision.valueOf(case.getString("precision").uppercase()),
            network = network,
        )
        val expected = Cases.file("${case.getString("label")}.rgb").readBytes()
        JpegPreprocessor.create(File(Cases.models, case.getString("profile")), options).use { preprocessor ->
            val picture = Cases.picture(case.getString("picture"))
            val edited = preprocessor.preprocess(picture, case.getInt("quality"), case.getDouble("strength").toFloat())
            assertEquals(case.getInt("width") to case.getInt("height"), edited.width to edited.height)
            edited.levels().zip(expected) { a, b -> abs((a.toInt() and 0xff) - (b.toInt() and 0xff)) }
        }
    }

    /** Answers each tile with what LiteRT answered in Python, and fails on a tile that it was not asked there. */
    private class Recorded(tiles: ByteArray, case: JSONObject) : TileNetworkFactory {
        private val answers: Map<ByteBuffer, ByteBuffer>
        private val strength = case.getDouble("strength").toFloat()

        @Volatile
        var runs = 0

        init {
            val size = tiles.size / 2 / case.getInt("tiles")
            answers = (0 until case.getInt("tiles")).associate { i ->
                ByteBuffer.wrap(tiles, 2 * i * size, size).slice() to ByteBuffer.wrap(tiles, (2 * i + 1) * size, size).slice()
            }
        }

        override fun open(model: ModelFile) = object : TileNetwork {
            override val tileSide = 256

            override fun edit(levels: ByteBuffer, conditions: Conditions, result: ByteBuffer) {
                assertEquals(strength, conditions.strength)
                val answer = checkNotNull(answers[levels]) { "a tile that the Python runtime did not have" }
                result.put(answer.duplicate())
                synchronized(this@Recorded) { runs++ }
            }

            override fun decide(levels: ByteBuffer, conditions: Conditions, luma: FloatBuffer, chroma: FloatBuffer) = error("not asked")

            override fun close() = Unit
        }
    }
}
