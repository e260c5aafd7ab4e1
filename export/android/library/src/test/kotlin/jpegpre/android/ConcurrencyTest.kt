package jpegpre.android

import android.graphics.Bitmap
import android.os.Looper
import java.io.ByteArrayOutputStream
import java.nio.ByteBuffer
import java.nio.FloatBuffer
import java.util.concurrent.CancellationException
import java.util.concurrent.CountDownLatch
import java.util.concurrent.TimeUnit
import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.async
import kotlinx.coroutines.awaitAll
import kotlinx.coroutines.delay
import kotlinx.coroutines.launch
import kotlinx.coroutines.runBlocking
import kotlinx.coroutines.withTimeout
import org.junit.Assert.assertArrayEquals
import org.junit.Assert.assertEquals
import org.junit.Assert.assertNotEquals
import org.junit.Assert.assertTrue
import org.junit.Test
import org.junit.runner.RunWith
import org.robolectric.RobolectricTestRunner

@RunWith(RobolectricTestRunner::class)
class ConcurrencyTest {
    private val bitmaps = CountedBitmaps()

    private fun open(networks: TileNetworkFactory, threads: Int = 2, pictures: Int = 1) = runBlocking {
        val options = PreprocessorOptions(threads = threads, pictures = pictures, network = networks)
        JpegPreprocessor.open(FolderFiles(Cases.models.resolve("balanced")), options, bitmaps)
    }

    @Test
    fun `eight pictures at once, half of them cancelled`() = runBlocking {
        val networks = CountedNetworks { InterpreterNetwork.open(it) }
        val preprocessor = open(networks, threads = 2, pictures = 3)
        val pictures = List(8) { photo(500 + it, 400 - it) }
        val alone = listOf(1, 3, 5, 7).associateWith { preprocessor.preprocess(pictures[it], 60 + it).levels() }
        val before = pictures.map { it.fingerprint() }
        val cancelled = List(8) { CountDownLatch(1) }
        val jobs = pictures.mapIndexed { i, picture ->
            val isStarted = CompletableDeferred<Unit>()
            isStarted to async(Dispatchers.Default) {
                runCatching {
                    preprocessor.preprocess(picture, 60 + i) {
                        isStarted.complete(Unit)
                        // Those that are to be cancelled wait for it within a tile, however busy this machine is.
                        if (i % 2 == 0) cancelled[i].await(60, TimeUnit.SECONDS)
                    }
                }
            }
        }
        for (i in listOf(0, 2, 4, 6)) {
            // Some while they work, some while they wait for their turn.
            if (i < 4) withTimeout(60_000) { jobs[i].first.await() }
            jobs[i].second.cancel()
            cancelled[i].countDown()
        }
        for ((i, job) in jobs.withIndex()) {
            val result = runCatching { withTimeout(60_000) { job.second.await() } }
            if (i % 2 == 0) {
                assertTrue("$i: $result", result.exceptionOrNull() is CancellationException)
            } else {
                assertArrayEquals("picture $i", alone[i], result.getOrThrow().getOrThrow().levels())
            }
        }
        assertEquals("the pictures given are untouched", before, pictures.map { it.fingerprint() })
        assertTrue("${networks.mostAtOnce} at once", networks.mostAtOnce.get() <= 6)
        assertTrue("${networks.opened} opened", networks.opened.get() <= 6)
        // 4 alone and 4 beside the others were handed out; every other bitmap was freed.
        assertEquals(8, bitmaps.made.count { !it.isRecycled })
        preprocessor.close()
        networks.assertAllClosed()
    }

    @Test
    fun `cancelling stops at the next tile`() = runBlocking {
        val networks = CountedNetworks(SlowInverter(20))
        val preprocessor = open(networks)
        val isStarted = CompletableDeferred<Unit>()
        val job = launch(Dispatchers.Default) { preprocessor.preprocess(photo(2000, 1500), 75) { isStarted.complete(Unit) } }
        isStarted.await()
        job.cancel()
        job.join()
        // Two threads, each with one tile of 20 ms and its copying under way; more than 200 tiles are left. On a busy
        // machine some pass before this thread gets its turn to cancel.
        assertTrue("${networks.runs} tiles", networks.runs.get() < 100)
        val runs = networks.runs.get()
        delay(100)
        assertEquals("nothing goes on behind the caller's back", runs, networks.runs.get())
        bitmaps.assertAllRecycled()
        preprocessor.close()
        networks.assertAllClosed()
    }

    @Test
    fun `cancelling stops the encoder and searches too, and nothing is written`() = runBlocking {
        val preprocessor = open(SlowInverter(), threads = 1)
        val picture = photo(1600, 1200)
        for (wait in listOf(0L, 20L, 60L, 150L)) {
            val out = ByteArrayOutputStream()
            val job = launch(Dispatchers.Default) { preprocessor.compress(picture, Target.MaxBytes(100_000), out) }
            delay(wait)
            job.cancel()
            job.join()
            assertEquals(0, out.size())
            bitmaps.assertAllRecycled()
        }
        preprocessor.close()
    }

    @Test
    fun `the main thread is free meanwhile`() = runBlocking {
        val threads = mutableSetOf<Thread>()
        val preprocessor = open({ model ->
            val inner = SlowInverter(5).open(model)
            object : TileNetwork by inner {
                override fun decide(levels: ByteBuffer, conditions: Conditions, luma: FloatBuffer, chroma: FloatBuffer) {
                    synchronized(threads) { threads += Thread.currentThread() }
                    inner.decide(levels, conditions, luma, chroma)
                }
            }
        })
        var ticks = 0
        val ticker = launch {
            while (true) {
                ticks++
                delay(1)
            }
        }
        preprocessor.compress(photo(900, 700), 75, ByteArrayOutputStream())
        ticker.cancel()
        assertTrue("$ticks ticks", ticks > 5)
        assertTrue(threads.isNotEmpty() && Looper.getMainLooper().thread !in threads && Thread.currentThread() !in threads)
        preprocessor.close()
    }

    @Test
    fun `closing fails the calls under way, once and for all`() = runBlocking {
        val networks = CountedNetworks(SlowInverter(10))
        val preprocessor = open(networks, threads = 3)
        val started = List(3) { CompletableDeferred<Unit>() }
        val calls = started.map { isStarted ->
            async(Dispatchers.Default) {
                runCatching {
                    isStarted.complete(Unit)
                    preprocessor.preprocess(photo(1500, 1000), 75)
                }
            }
        }
        started.awaitAll()
        delay(50)
        preprocessor.close()
        for (result in withTimeout(30_000) { calls.awaitAll() }) {
            assertFails(ErrorCode.CLOSED) { result.getOrThrow() }
        }
        repeat(3) { preprocessor.close() }
        networks.assertAllClosed()
        val opened = networks.opened.get()
        assertFails(ErrorCode.CLOSED) { preprocessor.preprocess(photo(16, 16), 75) }
        assertFails(ErrorCode.CLOSED) { preprocessor.compress(photo(16, 16), 75, ByteArrayOutputStream()) }
        assertEquals(opened, networks.opened.get())
        bitmaps.assertAllRecycled()
    }

    @Test
    fun `threads end when it is closed, and are kept from picture to picture until then`() = runBlocking {
        fun workerThreads() = Thread.getAllStackTraces().keys.count { it.name.startsWith("jpegpre-") && it.isAlive }
        waitFor("threads of other tests") { workerThreads() == 0 }
        val networks = CountedNetworks(SlowInverter())
        val preprocessor = open(networks, threads = 3)
        repeat(5) { preprocessor.preprocess(photo(700, 500), 75) }
        assertEquals(3, networks.opened.get())
        assertNotEquals(0, workerThreads())
        preprocessor.close()
        waitFor("${workerThreads()} threads left") { workerThreads() == 0 }
    }

    @Test
    fun `one thread, one tile, many calls after each other`() = runBlocking {
        val preprocessor = open(SlowInverter(), threads = 1)
        val picture: Bitmap = photo(40, 30)
        val first = preprocessor.preprocess(picture, 75).levels()
        repeat(50) { assertArrayEquals(first, preprocessor.preprocess(picture, 75).levels()) }
        preprocessor.close()
    }
}
