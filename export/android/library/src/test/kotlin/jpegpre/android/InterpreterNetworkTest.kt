package jpegpre.android

import java.io.File
import java.nio.ByteBuffer
import org.junit.Assert.assertEquals
import org.junit.Test
import org.junit.runner.RunWith
import org.robolectric.RobolectricTestRunner

@RunWith(RobolectricTestRunner::class)
class InterpreterNetworkTest {
    @Test
    fun `strength 0 gives the levels back`() {
        val file = File(System.getProperty("jpegpre.assets"), "jpegpre/balanced/tflite/int8.tflite")
        val content = file.readBytes()
        val model = ByteBuffer.allocateDirect(content.size).put(content).also { it.flip() }
        val network = InterpreterNetwork.open(model)
        val levels = ByteBuffer.allocateDirect(64 * 48 * 3)
        for (i in 0 until levels.capacity()) levels.put(i, (i * 7).toByte())
        val result = ByteBuffer.allocateDirect(64 * 48 * 3)
        network.run(levels, 64, 48, 75f, 0f, result)
        assertEquals(levels, result)
        network.close()
    }
}
