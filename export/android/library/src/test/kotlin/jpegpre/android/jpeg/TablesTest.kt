package jpegpre.android.jpeg

import jpegpre.android.Cases
import org.json.JSONException
import org.json.JSONObject
import org.junit.Assert.assertEquals
import org.junit.Assert.assertThrows
import org.junit.Test
import org.junit.runner.RunWith
import org.robolectric.RobolectricTestRunner

@RunWith(RobolectricTestRunner::class)
class TablesTest {
    @Test
    fun `tables of all profiles and qualities are Python's, entry by entry, and so is the encoder's quality`() {
        val cases = Cases.read("tables.json")
        assertEquals(300, cases.size)
        for ((profile, entries) in cases.groupBy { it.getString("profile") }) {
            val tuned = TunedTables.parse(Cases.models.resolve("$profile/tables.json").readText())
            for (entry in entries) {
                val quality = entry.getInt("quality")
                val target = tuned.tables(quality)
                assertEquals("$profile $quality", entry.tables("tuned"), target)
                assertEquals("libjpeg $quality", entry.tables("libjpeg"), JpegTables.ofQuality(quality))
                val choice = EncoderChoice(target, JpegTables::ofQuality)
                assertEquals("$profile $quality", entry.getInt("encoder_quality"), choice.first)
                assertEquals("$profile $quality", entry.getInt("nearest_quality"), target.nearestQuality)
            }
        }
    }

    @Test
    fun `what is no file of tables is refused`() {
        val sound = Cases.models.resolve("balanced/tables.json").readText()
        for (wrong in listOf("", "[]", "{}", sound.replace("\"format\": 1", "\"format\": 2"), sound.replace("10.0,", "40.0,"))) {
            assertThrows(JSONException::class.java) { TunedTables.parse(wrong) }
        }
        val short = JSONObject(sound).apply { getJSONArray("log_factors").remove(0) }
        assertThrows(JSONException::class.java) { TunedTables.parse(short.toString()) }
        for (quality in listOf(0, 101)) {
            assertThrows(IllegalArgumentException::class.java) { TunedTables.parse(sound).tables(quality) }
        }
    }

    private fun JSONObject.tables(name: String): JpegTables {
        val (luma, chroma) = List(2) { i -> getJSONArray(name).getJSONArray(i).let { list -> IntArray(64) { list.getInt(it) } } }
        return JpegTables(luma, chroma)
    }
}
