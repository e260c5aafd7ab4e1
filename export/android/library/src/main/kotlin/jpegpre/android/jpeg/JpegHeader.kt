package jpegpre.android.jpeg

/**
 * What the segments of a JPEG file say about its frame and its quantization tables.
 *
 * Strict, as `jpegpre_tf/jpeg/files/markers.py` and `frame.py`: whatever is not understood is refused. What follows the picture's
 * end is left alone.
 */
internal class JpegHeader private constructor(
    val marker: Int,
    /** Offset of the frame header's payload in the file. */
    val frameStart: Int,
    val height: Int,
    val width: Int,
    val components: List<Component>,
    /** By number. */
    val tables: Map<Int, StoredTable>,
    /** Identifiers of each scan's components. */
    val scans: List<List<Int>>,
) {
    class Component(val identifier: Int, val horizontal: Int, val vertical: Int, val table: Int)

    /** @property start Offset of the first entry in the file. */
    class StoredTable(val start: Int, val entryBytes: Int, val entries: IntArray)

    /** True for 4:2:0 with three components. */
    val isHalved: Boolean
        get() = components.map { it.horizontal to it.vertical } == listOf(2 to 2, 1 to 1, 1 to 1)

    /** As "2x2 1x1 1x1". */
    val sampling: String get() = components.joinToString(" ") { "${it.horizontal}x${it.vertical}" }

    /** The table of a component. */
    fun table(component: Int): StoredTable =
        tables[components[component].table] ?: throw JpegFileException("it has no quantization table ${components[component].table}")

    companion object {
        private const val SOI = 0xd8
        private const val EOI = 0xd9
        private const val SOS = 0xda
        private const val DQT = 0xdb
        private const val PROGRESSIVE = 0xc2
        private val FRAMES = (0xc0..0xcf).toSet() - setOf(0xc4, 0xc8, 0xcc)

        /**
         * Reads the first [size] bytes of [file].
         *
         * @throws JpegFileException if they are not a whole JPEG file, baseline or progressive, of 8-bit samples.
         */
        fun read(file: ByteArray, size: Int = file.size): JpegHeader {
            if (size < 2 || file.byte(0) != 0xff || file.byte(1) != SOI) throw JpegFileException("it has no SOI marker")
            var position = 2
            var frame: Pair<Int, IntRange>? = null
            val tables = mutableMapOf<Int, StoredTable>()
            val scans = mutableListOf<List<Int>>()
            while (true) {
                while (position + 1 < size && file.byte(position) == 0xff && file.byte(position + 1) == 0xff) position++
                if (position + 2 > size) throw JpegFileException("it is truncated")
                val marker = file.byte(position + 1)
                val isSegment = file.byte(position) == 0xff && marker > 0x01 && marker !in 0xd0..0xd8
                if (!isSegment) throw JpegFileException("it has no marker segment at byte $position")
                if (marker == EOI) break
                if (position + 4 > size) throw JpegFileException("it is truncated")
                val end = position + 2 + file.short(position + 2)
                if (end < position + 4 || end > size) throw JpegFileException("it is truncated")
                val payload = position + 4 until end
                when (marker) {
                    DQT -> readTables(file, payload, tables)
                    SOS -> scans += readScan(file, payload)
                    in FRAMES -> {
                        if (frame != null) throw JpegFileException("it has more than one frame header")
                        frame = marker to payload
                    }
                }
                position = if (marker == SOS) endOfScan(file, end, size) else end
            }
            val (marker, payload) = frame ?: throw JpegFileException("it has no frame header")
            return readFrame(file, marker, payload, tables, scans)
        }

        private fun readFrame(
            file: ByteArray,
            marker: Int,
            payload: IntRange,
            tables: Map<Int, StoredTable>,
            scans: List<List<Int>>,
        ): JpegHeader {
            if (marker > PROGRESSIVE) throw JpegFileException("it is neither baseline nor progressive")
            val at = payload.first
            val size = payload.last + 1 - at
            if (size < 6 || size != 6 + 3 * file.byte(at + 5)) throw JpegFileException("its frame header is damaged")
            if (file.byte(at) != 8) throw JpegFileException("its samples have ${file.byte(at)} bits, not 8")
            val components = List(file.byte(at + 5)) {
                val own = at + 6 + 3 * it
                Component(file.byte(own), file.byte(own + 1) shr 4, file.byte(own + 1) and 15, file.byte(own + 2))
            }
            return JpegHeader(marker, at, file.short(at + 1), file.short(at + 3), components, tables, scans)
        }

        private fun readTables(file: ByteArray, payload: IntRange, tables: MutableMap<Int, StoredTable>) {
            var position = payload.first
            while (position <= payload.last) {
                val precision = file.byte(position) shr 4
                val number = file.byte(position) and 15
                val start = position + 1
                position = start + 64 * (precision + 1)
                if (precision > 1 || number > 3 || position > payload.last + 1) {
                    throw JpegFileException("it has a damaged quantization table")
                }
                val entries = IntArray(64)
                for (k in 0 until 64) {
                    val entry = if (precision == 0) file.byte(start + k) else file.short(start + 2 * k)
                    entries[JpegTables.NATURAL_FROM_ZIGZAG[k]] = entry
                }
                if (tables.put(number, StoredTable(start, precision + 1, entries)) != null) {
                    throw JpegFileException("it defines quantization table $number more than once")
                }
            }
        }

        private fun readScan(file: ByteArray, payload: IntRange): List<Int> {
            val count = if (payload.isEmpty()) 0 else file.byte(payload.first)
            if (count < 1 || payload.first + 2 * count > payload.last) throw JpegFileException("it has a damaged scan header")
            return List(count) { file.byte(payload.first + 1 + 2 * it) }
        }

        /** Where the marker after entropy-coded bytes stands. */
        private fun endOfScan(file: ByteArray, start: Int, size: Int): Int {
            for (position in start until size - 1) {
                if (file.byte(position) != 0xff) continue
                val next = file.byte(position + 1)
                // A stuffed zero, a restart marker or a fill byte.
                if (next != 0 && next !in 0xd0..0xd7 && next != 0xff) return position
            }
            throw JpegFileException("it is truncated")
        }

        private fun ByteArray.byte(at: Int) = this[at].toInt() and 0xff

        private fun ByteArray.short(at: Int) = byte(at) shl 8 or byte(at + 1)
    }
}

/** A JPEG file is not the one expected; [message] goes on after "the JPEG file: ". */
internal class JpegFileException(message: String) : Exception(message)
