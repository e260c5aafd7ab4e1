package jpegpre.android

import android.content.Context
import android.graphics.Bitmap
import android.graphics.Color
import java.io.Closeable
import java.io.File
import java.io.IOException
import java.io.OutputStream
import jpegpre.android.jpeg.CarrierCounts
import jpegpre.android.jpeg.CarrierSample
import jpegpre.android.jpeg.JpegTables
import kotlinx.coroutines.CancellationException
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.Job
import kotlinx.coroutines.currentCoroutineContext
import kotlinx.coroutines.ensureActive
import kotlinx.coroutines.job
import kotlinx.coroutines.runBlocking
import kotlinx.coroutines.sync.Semaphore
import kotlinx.coroutines.sync.withPermit
import kotlinx.coroutines.withContext

/**
 * Edits the pixels of pictures so that Android's own JPEG encoder writes smaller files at the same look.
 *
 * All functions may be called from any thread, the main one too: work happens on threads of this object and of
 * `Dispatchers.Default`. Calls may overlap; `PreprocessorOptions.pictures` of them are worked on at once. Cancelling the
 * coroutine stops the work at the next tile. [close] frees the interpreters.
 */
public class JpegPreprocessor private constructor(
    private val model: Model,
    private val options: PreprocessorOptions,
    private val bitmaps: Bitmaps,
    private val probe: EncoderProbe,
    private val tileSide: Int,
) : Closeable {
    private val turns = Semaphore(options.pictures)

    // Guarded by itself: idle workers, each list for one picture, jobs under way, and whether `close` was called.
    private val state = object {
        val idle = ArrayDeque<List<TileWorker>>()
        val jobs = mutableSetOf<Job>()
        var isClosed = false
    }

    /** The model in use. */
    public val info: ModelInfo get() = model.info

    /**
     * Edits pixels for a JPEG encoder of your own.
     *
     * @param bitmap Not changed, and must not be changed or recycled meanwhile. Any configuration but ALPHA_8; alpha is
     *     carried over, colours are edited as if opaque.
     * @param quality 1..100: the quality that the encoder will be given. The edit is made for it.
     * @param strength 0..1: 0 leaves the pixels alone, 1 edits as trained.
     * @param onProgress Called on a worker thread with the share that is done, 0..1.
     * @return A new mutable ARGB_8888 bitmap of the same size.
     * @throws JpegpreException See [ErrorCode].
     * @throws IllegalArgumentException if [quality] or [strength] is out of range.
     */
    @JvmOverloads
    public suspend fun preprocess(
        bitmap: Bitmap,
        quality: Int,
        strength: Float = 1f,
        onProgress: (Float) -> Unit = {},
    ): Bitmap {
        checkQuality(quality)
        checkStrength(strength)
        var result: Bitmap? = null
        try {
            job(bitmap) {
                Picture.of(bitmap, bitmaps).use { picture ->
                    val target = picture.target().also { result = it }
                    if (strength == 0f) {
                        picture.pixels.copyTo(BitmapPixels(target))
                    } else {
                        val conditions = Conditions(JpegTables.ofQuality(quality), strength)
                        runTiles(picture, EditWork(BitmapPixels(target), conditions), onProgress)
                    }
                    picture.label(target)
                }
            }
            return checkNotNull(result)
        } catch (error: Throwable) {
            // Also where cancelling came after the last tile: nobody would get the bitmap.
            result?.recycle()
            throw error
        }
    }

    /** [compress] at JPEG quality [quality], 1..100. */
    public suspend fun compress(bitmap: Bitmap, quality: Int, out: OutputStream): Compressed =
        compress(bitmap, Target.Quality(quality), out)

    /**
     * Writes a smaller JPEG file of a picture with Android's own encoder, never a larger one than `Bitmap.compress` would.
     *
     * @param bitmap Not changed, and must not be changed or recycled meanwhile. Any configuration but ALPHA_8.
     * @param target Quality, or largest size.
     * @param out Gets the whole file, when it is known to be good, on a thread of `Dispatchers.IO`; not closed. Nothing is
     *     written if this fails.
     * @param strength 0..1: 0 leaves the pixels alone, 1 edits as trained.
     * @param background Colour to put transparent pixels on; its alpha is not used.
     * @param onProgress Called on a worker thread with the share of an edit that is done, 0..1; a search makes several.
     * @throws JpegpreException See [ErrorCode].
     * @throws IllegalArgumentException if [strength] is out of range.
     * @throws IOException if [out] fails.
     */
    @JvmOverloads
    public suspend fun compress(
        bitmap: Bitmap,
        target: Target,
        out: OutputStream,
        strength: Float = 1f,
        background: Int = Color.WHITE,
        onProgress: (Float) -> Unit = {},
    ): Compressed {
        checkStrength(strength)
        Picture.check(bitmap)
        Picture.checkSides(bitmap)
        val (file, result) = job(bitmap) {
            Picture.of(bitmap, bitmaps, background).use { picture ->
                val network = PictureNetwork(picture, onProgress)
                val jobOptions = CompressJob.Options(strength, options.carriers)
                val work = CompressJob(picture, JpegEncoder(currentCoroutineContext().job), model.tuned, probe, jobOptions, network)
                work.use { it.run(target) }
            }
        }
        withContext(Dispatchers.IO) {
            file.writeTo(out)
            out.flush()
        }
        return result
    }

    /**
     * [compress] for code without coroutines. Not for the main thread, which it would hold up.
     *
     * @throws InterruptedException if the thread is interrupted, which stops the work as cancelling does.
     */
    @JvmOverloads
    @Throws(JpegpreException::class, IOException::class, InterruptedException::class)
    public fun compressBlocking(
        bitmap: Bitmap,
        target: Target,
        out: OutputStream,
        strength: Float = 1f,
        background: Int = Color.WHITE,
    ): Compressed = runBlocking { compress(bitmap, target, out, strength, background) }

    /** Stops all work and frees its memory as soon as the tiles under way are done; calls under way fail with CLOSED. */
    override fun close() {
        val idle: List<List<TileWorker>>
        synchronized(state) {
            state.isClosed = true
            state.jobs.forEach { it.cancel(CancellationException("the preprocessor was closed")) }
            idle = state.idle.toList()
            state.idle.clear()
        }
        idle.flatten().forEach { it.close() }
    }

    private suspend fun runTiles(picture: Picture, work: TileWork, onProgress: (Float) -> Unit) {
        val workers = takeWorkers()
        try {
            val plan = TilePlan.of(picture.height, picture.width, tileSide, model.alignment, model.overlap)
            TileRunner(workers, plan).run(picture.pixels, work, onProgress)
        } finally {
            giveBack(workers)
        }
    }

    private inner class PictureNetwork(private val picture: Picture, private val onProgress: (Float) -> Unit) : CompressJob.Network {
        override suspend fun edit(target: Bitmap, conditions: Conditions) =
            runTiles(picture, EditWork(BitmapPixels(target), conditions), onProgress)

        override suspend fun carrier(
            target: Bitmap,
            conditions: Conditions,
            encoderTables: JpegTables,
            sample: CarrierSample?,
        ): CarrierCounts {
            val work = CarrierWork(BitmapPixels(target), picture.height, picture.width, conditions, encoderTables, sample)
            runTiles(picture, work, onProgress)
            return work.counts
        }
    }

    /** Runs [work] off the caller's thread when it is this picture's turn, with errors made ours. */
    private suspend fun <T> job(bitmap: Bitmap, work: suspend () -> T): T {
        val caller = currentCoroutineContext()
        try {
            return withContext(Dispatchers.Default) {
                val job = currentCoroutineContext().job
                synchronized(state) {
                    if (state.isClosed) throw closed()
                    state.jobs += job
                }
                try {
                    turns.withPermit { work() }
                } finally {
                    synchronized(state) { state.jobs -= job }
                }
            }
        } catch (error: CancellationException) {
            caller.ensureActive()
            throw if (synchronized(state) { state.isClosed }) closed() else error
        } catch (error: IllegalStateException) {
            if (!bitmap.isRecycled) throw error
            throw JpegpreException(ErrorCode.INVALID_BITMAP, "the bitmap was recycled while it was worked on", error)
        } catch (error: OutOfMemoryError) {
            val megabytes = 4L * bitmap.width * bitmap.height shr 20
            val message = "not enough memory for ${bitmap.width} x ${bitmap.height} pixels: another bitmap of " +
                "$megabytes MB and the network's tiles are needed; load the picture smaller or choose fewer threads"
            throw JpegpreException(ErrorCode.OUT_OF_MEMORY, message, error)
        }
    }

    private fun closed() = JpegpreException(ErrorCode.CLOSED, "the preprocessor was closed")

    private fun takeWorkers(): List<TileWorker> = synchronized(state) {
        if (state.isClosed) throw closed()
        state.idle.removeFirstOrNull() ?: makeWorkers(model, options)
    }

    private fun giveBack(workers: List<TileWorker>) {
        val isKept = synchronized(state) {
            if (!state.isClosed) state.idle.addFirst(workers)
            !state.isClosed
        }
        if (!isKept) workers.forEach { it.close() }
    }

    public companion object {
        /**
         * Loads a shipped model, off the caller's thread.
         *
         * @param context Any; only its assets are used and kept.
         * @throws JpegpreException MODEL if the model is missing, damaged or cannot be run.
         */
        @JvmStatic
        @JvmOverloads
        public suspend fun create(
            context: Context,
            profile: Profile = Profile.BALANCED,
            options: PreprocessorOptions = PreprocessorOptions(),
        ): JpegPreprocessor = open(AssetFiles(context.assets, "jpegpre/${profile.modelName}"), options)

        /** [create] for code without coroutines. Not for the main thread, which it would hold up. */
        @JvmStatic
        @JvmOverloads
        @Throws(JpegpreException::class, InterruptedException::class)
        public fun createBlocking(
            context: Context,
            profile: Profile = Profile.BALANCED,
            options: PreprocessorOptions = PreprocessorOptions(),
        ): JpegPreprocessor = runBlocking { create(context, profile, options) }

        /** Loads a model of your own from a folder as `jpegpre export` writes it. */
        @JvmStatic
        @JvmOverloads
        public suspend fun create(folder: File, options: PreprocessorOptions = PreprocessorOptions()): JpegPreprocessor =
            open(FolderFiles(folder), options)

        /** [create] from a folder for code without coroutines. */
        @JvmStatic
        @JvmOverloads
        @Throws(JpegpreException::class, InterruptedException::class)
        public fun createBlocking(folder: File, options: PreprocessorOptions = PreprocessorOptions()): JpegPreprocessor =
            runBlocking { create(folder, options) }

        internal suspend fun open(
            files: ModelFiles,
            options: PreprocessorOptions,
            bitmaps: Bitmaps = Bitmaps(),
            probe: EncoderProbe = EncoderProbe.android,
        ): JpegPreprocessor {
            val model = withContext(Dispatchers.IO) { Model.load(files, options.precision) }
            val workers = makeWorkers(model, options)
            try {
                // One network at once, so that a model which cannot be run fails now, not at the first picture.
                val tileSide = withContext(workers.first().dispatcher) { workers.first().network().tileSide }
                return JpegPreprocessor(model, options, bitmaps, probe, tileSide).also { it.state.idle.addFirst(workers) }
            } catch (error: Throwable) {
                workers.forEach { it.close() }
                if (error is OutOfMemoryError) {
                    throw JpegpreException(ErrorCode.OUT_OF_MEMORY, "not enough memory for the network", error)
                }
                throw error
            }
        }

        private fun makeWorkers(model: Model, options: PreprocessorOptions): List<TileWorker> = List(options.threads) { i ->
            TileWorker("jpegpre-${i + 1}") { options.network.open(model.file) }
        }
    }
}
