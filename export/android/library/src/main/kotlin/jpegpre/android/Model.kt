package jpegpre.android

import java.io.IOException
import java.nio.ByteBuffer
import java.security.MessageDigest
import jpegpre.android.jpeg.TunedTables
import org.json.JSONException
import org.json.JSONObject

/** A model whose file was checked against the hash in its model.json. */
internal class Model private constructor(
    val info: ModelInfo,
    val file: ModelFile,
    /** Tables that files shall have; null if the model has none. */
    val tuned: TunedTables?,
    /** Tiles start, and their sides are, at multiples of this many pixels. */
    val alignment: Int,
    /** Pixels of context that an output pixel needs on each side. */
    val overlap: Int,
) {
    companion object {
        private const val TABLES = "tables.json"

        /** @throws JpegpreException MODEL */
        fun load(files: ModelFiles, precision: Precision): Model {
            try {
                val card = JSONObject(files.readText("model.json"))
                val path = path(card, precision) ?: throw JpegpreException(
                    ErrorCode.MODEL,
                    "${files.location} has no .tflite file of precision ${precision.name.lowercase()}",
                )
                val content = files.map(path)
                checkHash(files, path, content, card.getJSONObject("files").getJSONObject(path).getString("sha256"))
                val file = ModelFile(content, files.path(path), files.assets, precision)
                val range = card.getJSONArray("quality_range")
                val info = ModelInfo(card.getString("name"), card.getString("version"), range.getInt(0)..range.getInt(1))
                val tile = card.getJSONObject("tile")
                return Model(info, file, tables(files, card), tile.getInt("alignment"), tile.getInt("overlap"))
            } catch (error: IOException) {
                val why = error.firstLine()
                throw JpegpreException(ErrorCode.MODEL, "cannot read the model in ${files.location}: $why", error)
            } catch (error: JSONException) {
                val why = error.firstLine()
                throw JpegpreException(ErrorCode.MODEL, "${files.location}/model.json is not a model's description: $why", error)
            }
        }

        private fun tables(files: ModelFiles, card: JSONObject): TunedTables? {
            val entry = card.getJSONObject("files").optJSONObject(TABLES) ?: return null
            val content = files.map(TABLES)
            checkHash(files, TABLES, content, entry.getString("sha256"))
            val bytes = ByteArray(content.remaining()).also { content.duplicate().get(it) }
            try {
                return TunedTables.parse(bytes.decodeToString())
            } catch (error: JSONException) {
                val why = error.firstLine()
                throw JpegpreException(ErrorCode.MODEL, "${files.location}/$TABLES does not hold a model's tables: $why", error)
            }
        }

        private fun path(card: JSONObject, precision: Precision): String? {
            val files = card.getJSONObject("files")
            return files.keys().asSequence().firstOrNull {
                val entry = files.getJSONObject(it)
                entry.optString("format") == "tflite" && entry.optString("precision") == precision.name.lowercase()
            }
        }

        private fun checkHash(files: ModelFiles, path: String, content: ByteBuffer, expected: String) {
            val digest = MessageDigest.getInstance("SHA-256").apply { update(content.duplicate()) }.digest()
            val received = digest.joinToString("") { "%02x".format(it) }
            if (received != expected) {
                throw JpegpreException(
                    ErrorCode.MODEL,
                    "${files.location}/$path is not the file that its model.json describes: " +
                        "expected sha256 ${expected.take(12)}..., received ${received.take(12)}...",
                )
            }
        }
    }
}
