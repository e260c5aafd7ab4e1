package jpegpre.android

import android.graphics.Bitmap
import java.io.Closeable
import jpegpre.android.jpeg.CarrierCounts
import jpegpre.android.jpeg.CarrierSample
import jpegpre.android.jpeg.EncoderChoice
import jpegpre.android.jpeg.FinishedFile
import jpegpre.android.jpeg.JpegFileException
import jpegpre.android.jpeg.JpegTables
import jpegpre.android.jpeg.TunedTables
import kotlinx.coroutines.currentCoroutineContext
import kotlinx.coroutines.ensureActive

/**
 * One picture to one JPEG file.
 *
 * @param tuned Tables that files shall have; null if the model has none.
 * @param probe What is known of the encoder.
 * @param network Runs the network over the picture.
 */
internal class CompressJob(
    private val picture: Picture,
    private val encoder: JpegEncoder,
    private val tuned: TunedTables?,
    private val probe: EncoderProbe,
    private val options: Options,
    private val network: Network,
) : Closeable {
    class Options(val strength: Float, val usesCarriers: Boolean)

    /** Runs the network over the picture, into a bitmap. */
    interface Network {
        suspend fun edit(target: Bitmap, conditions: Conditions)

        suspend fun carrier(
            target: Bitmap,
            conditions: Conditions,
            encoderTables: JpegTables,
            sample: CarrierSample? = null,
        ): CarrierCounts
    }

    /** [reason] says why pixels were edited, where that holds for this quality alone. */
    private class Trial(val file: JpegFile, val method: Method, val reason: String? = null)

    private val plainSizes = mutableMapOf<Int, Long>()
    private var fallbackReason: String? = null

    // One for all trials of a search; none if nothing is edited.
    private var work: Bitmap? = null
    private var sample: CarrierSample? = null

    suspend fun run(target: Target): Pair<JpegFile, Compressed> {
        fallbackReason = refusal()
        return when (target) {
            is Target.Quality -> result(smallest(target.quality), target.quality)
            is Target.MaxBytes -> searched(target.bytes)
        }
    }

    private suspend fun searched(maxBytes: Long): Pair<JpegFile, Compressed> {
        val found = SizeSearch.search(maxBytes, ::plainSize, ::smallest) { it.file.size.toLong() }
        if (found.isTooLarge) {
            throw JpegpreException(
                ErrorCode.IMPOSSIBLE_SIZE,
                "$maxBytes bytes are too few for this picture: the smallest possible file has ${found.trial.file.size}; " +
                    "make the picture smaller first",
            )
        }
        return result(found.trial, found.quality)
    }

    private fun plainSize(quality: Int): Long =
        plainSizes[quality] ?: picture.unedited { encoder.size(it, quality) }.also { plainSizes[quality] = it }

    /** The smaller of the network's file and the plain one. */
    private suspend fun smallest(quality: Int): Trial {
        if (options.strength != 0f) {
            val trial = byCarrier(quality) ?: byEdit(quality)
            if (trial.file.size < plainSize(quality)) return trial
        }
        return Trial(picture.unedited { encoder.encode(it, quality) }, Method.PLAIN)
    }

    /** Why carriers cannot be used, null if they can. */
    private fun refusal(): String? = when {
        options.strength == 0f -> "strength 0 leaves the picture alone"
        !options.usesCarriers -> "carriers are switched off"
        tuned == null -> "the model has no tuned tables"
        picture.hasGainmap -> "Android writes pictures with a gain map in a way of its own"
        maxOf(picture.width, picture.height) > LONGEST_SIDE ->
            "the carrier of a side of more than $LONGEST_SIDE pixels is too large to encode"
        else -> probe.refusal()
    }

    private suspend fun byCarrier(quality: Int): Trial? {
        if (fallbackReason != null || tuned == null) return null
        try {
            val target = tuned.tables(quality)
            val choice = EncoderChoice(target, probe::tables)
            val conditions = Conditions(target, options.strength)
            val bitmap = bitmap(isCarrier = true) { picture.carrierTarget() }
            val rows = sample ?: CarrierSample(picture.height, picture.width).also { sample = it }
            var best = choice.first
            var counts = network.carrier(bitmap, conditions, probe.tables(best), rows)
            if (counts.clipping.share > EncoderChoice.MOST_CLIPPED) {
                // Where contrast is cut another of the encoder's qualities may be better.
                val context = currentCoroutineContext()
                best = choice.choose { tables -> rows.clipping(tables) { context.ensureActive() } }
                if (best != choice.first) counts = network.carrier(bitmap, conditions, probe.tables(best))
            }
            // Of this quality alone: a search goes on to others.
            counts.editReason(target)?.let { return byEdit(quality, it) }
            picture.label(bitmap)
            val file = encoder.encode(bitmap, best)
            FinishedFile.finish(file.bytes, file.size, probe.tables(best), target, picture.height, picture.width)
            return Trial(file, Method.CARRIER)
        } catch (error: CarrierException) {
            fallbackReason = error.message
        } catch (error: JpegFileException) {
            fallbackReason = "Bitmap.compress wrote another JPEG file than expected: ${error.message}"
        }
        return null
    }

    private suspend fun byEdit(quality: Int, reason: String? = null): Trial {
        val bitmap = bitmap(isCarrier = false) { picture.target() }
        val tables = try {
            probe.tables(quality)
        } catch (_: CarrierException) {
            // Whatever it writes: Android's documentation says nothing, libjpeg's tables are what it has always had.
            JpegTables.ofQuality(quality)
        }
        network.edit(bitmap, Conditions(tables, options.strength))
        picture.label(bitmap)
        return Trial(encoder.encode(bitmap, quality), Method.EDIT, reason)
    }

    /** The bitmap to work into, of the size that [make] makes. */
    private fun bitmap(isCarrier: Boolean, make: () -> Bitmap): Bitmap {
        if (isCarrier != isWorkCarrier) {
            work?.recycle()
            work = null
        }
        isWorkCarrier = isCarrier
        return work?.also { picture.unlabel(it) } ?: make().also { work = it }
    }

    private var isWorkCarrier = false

    private fun result(trial: Trial, quality: Int) = trial.file to Compressed(
        sizeBytes = trial.file.size.toLong(),
        plainSizeBytes = plainSize(quality),
        method = trial.method,
        fallbackReason = fallbackReason ?: trial.reason,
        quality = quality,
        width = picture.width,
        height = picture.height,
        isFlattened = picture.isFlattened,
    )

    override fun close() {
        work?.recycle()
    }

    private companion object {
        /** libjpeg refuses longer sides than 65,500, and a carrier's are multiples of 16. */
        const val LONGEST_SIDE = 65_500 / 16 * 16
    }
}
