package jpegpre.sample

import android.app.Activity
import android.content.Intent
import android.net.Uri
import android.os.Bundle
import android.view.Gravity
import android.view.ViewGroup.LayoutParams
import android.widget.Button
import android.widget.LinearLayout
import android.widget.RadioButton
import android.widget.RadioGroup
import android.widget.SeekBar
import android.widget.TextView
import androidx.core.content.FileProvider
import java.io.File
import java.io.IOException
import java.util.Locale
import jpegpre.android.JpegPreprocessor
import jpegpre.android.JpegpreException
import jpegpre.android.Target
import kotlin.math.pow
import kotlinx.coroutines.Deferred
import kotlinx.coroutines.Job
import kotlinx.coroutines.MainScope
import kotlinx.coroutines.async
import kotlinx.coroutines.cancel
import kotlinx.coroutines.launch

/** Pick a photo, choose a quality or a size, compare before and after, share the smaller file. */
class MainActivity : Activity() {
    private val scope = MainScope()

    // Loaded once, for all photos.
    private lateinit var preprocessor: Deferred<JpegPreprocessor>
    private var photo: Uri? = null
    private var job: Job? = null
    private var shown: CompressedPhoto? = null

    internal lateinit var bySize: RadioButton
        private set
    private lateinit var amount: SeekBar
    private lateinit var amountText: TextView
    internal lateinit var wipe: WipeView
        private set
    internal lateinit var status: TextView
        private set
    internal lateinit var share: Button
        private set

    /** How other apps get at a file; tests have no provider. */
    internal var uriOf: (File) -> Uri = { FileProvider.getUriForFile(this, "$packageName.files", it) }

    override fun onCreate(savedInstanceState: Bundle?) {
        super.onCreate(savedInstanceState)
        // Where it is waited for its failure is shown.
        preprocessor = scope.async { JpegPreprocessor.create(this@MainActivity) }
        setContentView(content())
    }

    override fun onDestroy() {
        scope.cancel()
        preprocessor.invokeOnCompletion { if (it == null) close() }
        super.onDestroy()
    }

    @OptIn(kotlinx.coroutines.ExperimentalCoroutinesApi::class)
    private fun close() = preprocessor.getCompleted().close()

    @Deprecated("The framework's own way, which needs no further library")
    override fun onActivityResult(requestCode: Int, resultCode: Int, data: Intent?) {
        val picked = data?.data
        if (requestCode == PICK && resultCode == RESULT_OK && picked != null) {
            photo = picked
            compress()
        }
    }

    private fun pick() {
        val intent = Intent(Intent.ACTION_GET_CONTENT).setType("image/*").addCategory(Intent.CATEGORY_OPENABLE)
        @Suppress("DEPRECATION")
        startActivityForResult(Intent.createChooser(intent, "Pick a photo"), PICK)
    }

    /** Compresses the photo as chosen; what was under way for another choice is cancelled. */
    private fun compress() {
        val source = photo ?: return
        job?.cancel()
        share.isEnabled = false
        status.text = "Compressing ..."
        val target = target()
        job = scope.launch {
            try {
                val file = File(cacheDir, "shared/photo.jpg")
                show(PhotoCompressor(contentResolver, preprocessor.await()).compress(source, target, file))
            } catch (error: JpegpreException) {
                status.text = error.message
            } catch (error: IOException) {
                status.text = error.message
            } catch (error: SecurityException) {
                status.text = "The permission to read this photo is gone: pick it again"
            } catch (error: OutOfMemoryError) {
                status.text = "This photo is too large for the memory of this device"
            }
        }
    }

    private fun show(compressed: CompressedPhoto) {
        shown = compressed
        wipe.show(compressed.before, compressed.after)
        val result = compressed.result
        val saved = 100.0 * (result.plainSizeBytes - result.sizeBytes) / result.plainSizeBytes
        status.text = "%,d -> %,d bytes at quality %d; Android alone makes %,d: %.1f %% saved".format(
            Locale.getDefault(), compressed.originalBytes, result.sizeBytes, result.quality, result.plainSizeBytes, saved,
        )
        share.isEnabled = true
    }

    private fun target(): Target =
        if (bySize.isChecked) Target.MaxBytes(1000L * kilobytes()) else Target.Quality(amount.progress + LOWEST)

    /** 20 kB to 5 MB, each step 6.5 % more. */
    private fun kilobytes(): Int = (20 * 250.0.pow(amount.progress / (HIGHEST - LOWEST).toDouble())).toInt()

    private fun share() {
        val file = shown?.file ?: return
        val intent = Intent(Intent.ACTION_SEND).setType("image/jpeg").putExtra(Intent.EXTRA_STREAM, uriOf(file))
        startActivity(Intent.createChooser(intent.addFlags(Intent.FLAG_GRANT_READ_URI_PERMISSION), "Share"))
    }

    private fun content() = LinearLayout(this).apply {
        orientation = LinearLayout.VERTICAL
        fitsSystemWindows = true
        val gap = (16 * resources.displayMetrics.density).toInt()
        setPadding(gap, gap, gap, gap)
        val pick = Button(context).apply {
            text = "Pick a photo"
            setOnClickListener { pick() }
        }
        val kinds = RadioGroup(context).apply {
            orientation = LinearLayout.HORIZONTAL
            val byQuality = RadioButton(context).apply { text = "Quality" }
            bySize = RadioButton(context).apply { text = "Largest size" }
            addView(byQuality)
            addView(bySize)
            check(byQuality.id)
            setOnCheckedChangeListener { _, _ ->
                showAmount()
                compress()
            }
        }
        amountText = TextView(context)
        amount = SeekBar(context).apply {
            max = HIGHEST - LOWEST
            progress = 75 - LOWEST
            setOnSeekBarChangeListener(object : SeekBar.OnSeekBarChangeListener {
                override fun onProgressChanged(bar: SeekBar, progress: Int, isFromUser: Boolean) = showAmount()

                override fun onStartTrackingTouch(bar: SeekBar) = Unit

                override fun onStopTrackingTouch(bar: SeekBar) = compress()
            })
        }
        wipe = WipeView(context)
        status = TextView(context).apply {
            gravity = Gravity.CENTER
            text = "Photos stay on this device"
        }
        share = Button(context).apply {
            text = "Share"
            isEnabled = false
            setOnClickListener { share() }
        }
        showAmount()
        for (view in listOf(pick, kinds, amountText, amount)) addView(view)
        addView(wipe, LinearLayout.LayoutParams(LayoutParams.MATCH_PARENT, 0, 1f))
        for (view in listOf(status, share)) addView(view)
    }

    private fun showAmount() {
        amountText.text = when (val target = target()) {
            is Target.Quality -> "JPEG quality ${target.quality}"
            is Target.MaxBytes -> "At most %,d kB".format(Locale.getDefault(), target.bytes / 1000)
        }
    }

    private companion object {
        const val PICK = 1
        const val LOWEST = 10
        const val HIGHEST = 95
    }
}
