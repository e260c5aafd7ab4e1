package jpegpre.android

import android.graphics.Bitmap
import android.graphics.BitmapFactory
import java.io.File
import org.json.JSONArray
import org.json.JSONObject
import org.junit.Assume.assumeTrue

/** What tests/android/cases.py made with the Python runtime; tests are skipped where that was not run. */
internal object Cases {
    private val folder: File? = System.getenv("JPEGPRE_CASES")?.let(::File)

    /** For tests that need no Python: the shipped models. */
    val models = File(System.getProperty("jpegpre.assets"), "jpegpre")

    fun file(name: String): File {
        assumeTrue("needs JPEGPRE_CASES, see tests/android/cases.py", folder != null)
        return File(folder, name)
    }

    /** A file that tests/android/test_android.py looks at afterwards; a temporary one where nobody does. */
    fun output(name: String): File = folder?.let { File(it, "out").apply { mkdirs() } }?.let { File(it, name) }
        ?: File.createTempFile("jpegpre", name).apply { deleteOnExit() }

    fun read(name: String): List<JSONObject> {
        val entries = JSONArray(file(name).readText())
        return List(entries.length()) { entries.getJSONObject(it) }
    }

    fun picture(name: String): Bitmap {
        // Levels as they are in the file: no scaling to the screen's density, alpha never multiplied in.
        val options = BitmapFactory.Options().apply { inScaled = false }
        return checkNotNull(BitmapFactory.decodeFile(file(name).path, options))
    }
}
