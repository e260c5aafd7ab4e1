package jpegpre.android

import kotlinx.coroutines.runBlocking
import org.junit.Assert.assertEquals
import org.junit.Assert.assertTrue
import org.junit.Test

class SizeSearchTest {
    @Test
    fun `finds the highest quality that fits, in few edits`() {
        val sizes = { quality: Int -> (2000 * Math.exp(quality / 25.0)).toLong() }
        var mostEdits = 0
        for (maxBytes in 1900L..90_000L step 97) {
            // Edited files are smaller by a share that changes with quality.
            val editedSize = { quality: Int -> (sizes(quality) * (0.97 - 0.001 * quality)).toLong() }
            var edits = 0
            val found = runBlocking { SizeSearch.search(maxBytes, { sizes(it) }, { edits++; editedSize(it) }, { it }) }
            mostEdits = maxOf(mostEdits, edits)
            val best = (1..SizeSearch.HIGHEST_QUALITY).lastOrNull { editedSize(it) <= maxBytes }
            assertEquals("$maxBytes", best == null, found.isTooLarge)
            if (best != null) {
                assertTrue(found.trial <= maxBytes)
                assertEquals("$maxBytes", best, found.quality)
            } else {
                assertEquals(1, found.quality)
            }
        }
        assertTrue("$mostEdits edits", mostEdits <= 5)
    }

    @Test
    fun `never asks for the same quality twice`() {
        val plain = mutableListOf<Int>()
        val edited = mutableListOf<Int>()
        runBlocking { SizeSearch.search(5000, { plain += it; 100L * it }, { edited += it; 97L * it }, { it }) }
        assertEquals(plain.distinct(), plain)
        assertEquals(edited.distinct(), edited)
    }
}
