package jpegpre.android

import org.json.JSONArray
import org.json.JSONObject
import org.junit.Assert.assertEquals
import org.junit.Assert.assertThrows
import org.junit.Assert.assertTrue
import org.junit.Test
import org.junit.runner.RunWith
import org.robolectric.RobolectricTestRunner

@RunWith(RobolectricTestRunner::class)
class TilePlanTest {
    @Test
    fun `plans are laid as the Python runtime lays its tiles`() {
        val cases = Cases.read("tile_plans.json")
        assertTrue(cases.size > 100)
        for (case in cases) {
            val plan = TilePlan.of(
                case.getInt("height"),
                case.getInt("width"),
                case.getInt("side"),
                alignment = 16,
                overlap = case.getInt("overlap"),
            )
            assertEquals(case.spans("rows"), plan.rows)
            assertEquals(case.spans("columns"), plan.columns)
        }
    }

    @Test
    fun `every pixel is taken once, with its context`() {
        val plan = TilePlan.of(1001, 777, side = 128, alignment = 16, overlap = 16)
        for ((length, size, spans) in listOf(Triple(1001, plan.side, plan.rows), Triple(777, plan.side, plan.columns))) {
            assertTrue(spans.size > 3)
            assertEquals((0 until length).toList(), spans.flatMap { it.keepFrom until it.keepTo })
            for (span in spans) {
                assertEquals(0, span.start % 16)
                assertTrue(span.start == 0 || span.keepFrom - span.start >= 16)
                assertTrue(span.keepTo == length || span.start + size - span.keepTo >= 16)
            }
        }
    }

    @Test
    fun `a picture without pixels has no plan`() {
        assertThrows(IllegalArgumentException::class.java) { TilePlan.of(0, 5, 256, 16, 16) }
    }

    private fun JSONObject.spans(axis: String): List<Span> {
        val all: JSONArray = getJSONArray(axis)
        return List(all.length()) { i ->
            val span = all.getJSONArray(i)
            Span(span.getInt(0), span.getInt(1), span.getInt(2))
        }
    }
}
