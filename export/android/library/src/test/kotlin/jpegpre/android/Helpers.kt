package jpegpre.android

import android.graphics.Bitmap
import android.graphics.Color
import java.nio.ByteBuffer
import java.nio.FloatBuffer
import java.util.Collections
import java.util.concurrent.atomic.AtomicInteger
import kotlin.math.sin
import org.junit.Assert.assertEquals
import org.junit.Assert.fail

/** RGB levels, row by row. */
internal fun Bitmap.levels(): ByteArray {
    val pixels = IntArray(width * height)
    getPixels(pixels, 0, width, 0, 0, width, height)
    return ByteArray(3 * pixels.size) { (pixels[it / 3] shr (16 - 8 * (it % 3))).toByte() }
}

/** A picture with detail, the same each time. */
internal fun photo(width: Int, height: Int, config: Bitmap.Config = Bitmap.Config.ARGB_8888): Bitmap {
    val bitmap = Bitmap.createBitmap(width, height, config)
    val row = IntArray(width)
    var state = 12345
    for (y in 0 until height) {
        for (x in 0 until width) {
            state = state * 1103515245 + 12345
            val noise = (state ushr 24 and 31) - 16
            val light = 128 + (70 * sin(x * 0.05) + 40 * sin(y * 0.11 + x * 0.02)).toInt()
            row[x] = Color.rgb((light + noise).coerceIn(0, 255), (light - 20 + noise / 2).coerceIn(0, 255), (y + x shr 2) and 255)
        }
        bitmap.setPixels(row, 0, width, 0, y, width, 1)
    }
    return bitmap
}

/** A bitmap's pixels as they are; changes with every pixel. */
internal fun Bitmap.fingerprint(): Int {
    val pixels = IntArray(width * height)
    getPixels(pixels, 0, width, 0, 0, width, height)
    return pixels.contentHashCode()
}

internal inline fun assertFails(code: ErrorCode, work: () -> Unit): JpegpreException {
    try {
        work()
    } catch (error: JpegpreException) {
        assertEquals(error.message, code, error.code)
        assertEquals("one line", 1, error.message!!.lines().size)
        return error
    }
    fail("nothing was thrown, expected $code")
    throw AssertionError()
}

/** Counts networks and checks that each is opened, run and closed on one thread, and closed once. */
internal class CountedNetworks(private val inner: TileNetworkFactory) : TileNetworkFactory {
    val opened = AtomicInteger()
    val closed = AtomicInteger()
    val runs = AtomicInteger()
    val mostAtOnce = AtomicInteger()
    val complaints: MutableList<String> = Collections.synchronizedList(mutableListOf())
    private val running = AtomicInteger()

    override fun open(model: ModelFile): TileNetwork {
        val network = inner.open(model)
        val thread = Thread.currentThread()
        opened.incrementAndGet()
        return object : TileNetwork {
            private var isClosed = false

            override val tileSide get() = network.tileSide

            override fun edit(levels: ByteBuffer, conditions: Conditions, result: ByteBuffer) =
                counted { network.edit(levels, conditions, result) }

            override fun decide(levels: ByteBuffer, conditions: Conditions, luma: FloatBuffer, chroma: FloatBuffer) =
                counted { network.decide(levels, conditions, luma, chroma) }

            private fun counted(work: () -> Unit) {
                if (Thread.currentThread() != thread) complaints += "run on ${Thread.currentThread()}, opened on $thread"
                if (isClosed) complaints += "run after it was closed"
                runs.incrementAndGet()
                mostAtOnce.accumulateAndGet(running.incrementAndGet(), ::maxOf)
                try {
                    work()
                } finally {
                    running.decrementAndGet()
                }
            }

            override fun close() {
                if (Thread.currentThread() != thread) complaints += "closed on ${Thread.currentThread()}, opened on $thread"
                if (isClosed) complaints += "closed twice"
                isClosed = true
                network.close()
                closed.incrementAndGet()
            }
        }
    }

    /** Waits until every network that was opened is closed. */
    fun assertAllClosed() {
        waitFor("networks left open: ${opened.get() - closed.get()} of ${opened.get()}") { opened.get() == closed.get() }
        assertEquals(emptyList<String>(), complaints)
    }
}

internal fun waitFor(complaint: String, condition: () -> Boolean) {
    val end = System.nanoTime() + 30_000_000_000
    while (!condition()) {
        if (System.nanoTime() > end) fail(complaint)
        Thread.sleep(5)
    }
}

/** Stands for a network: inverts levels, decides on grey with a little of one coefficient, and takes its time. */
internal class SlowInverter(private val milliseconds: Long = 0, private val side: Int = 128) : TileNetworkFactory {
    override fun open(model: ModelFile): TileNetwork = object : TileNetwork {
        override val tileSide = side

        override fun edit(levels: ByteBuffer, conditions: Conditions, result: ByteBuffer) {
            Thread.sleep(milliseconds)
            for (i in 0 until levels.remaining()) result.put(i, (255 - levels.get(i)).toByte())
        }

        override fun decide(levels: ByteBuffer, conditions: Conditions, luma: FloatBuffer, chroma: FloatBuffer) {
            Thread.sleep(milliseconds)
            for (i in 0 until luma.capacity()) luma.put(i, if (i % 64 == 1) 1f else 0f)
            for (i in 0 until chroma.capacity()) chroma.put(i, 0f)
        }

        override fun close() = Unit
    }
}

/** Counts the library's own bitmaps, and can run out of memory. */
internal class CountedBitmaps(var failFrom: Int = Int.MAX_VALUE) : Bitmaps() {
    val made: MutableList<Bitmap> = Collections.synchronizedList(mutableListOf())

    override fun create(width: Int, height: Int): Bitmap = counted { super.create(width, height) }

    override fun copy(bitmap: Bitmap): Bitmap = counted { super.copy(bitmap) }

    private fun counted(make: () -> Bitmap): Bitmap {
        if (made.size >= failFrom) throw OutOfMemoryError("injected")
        return make().also { made += it }
    }

    fun assertAllRecycled() = assertEquals("bitmaps not recycled", 0, made.count { !it.isRecycled })
}
