package jpegpre.android.jpeg

/** Makes the header of an encoded carrier say what its coefficients mean: `jpegpre_tf/jpeg/carriers/finish.py`. */
internal object FinishedFile {
    /**
     * Writes tables and size into an encoded carrier, in place. Entropy-coded bytes and metadata stay.
     *
     * @param file The carrier as the encoder wrote it, 4:2:0, in the first [size] bytes.
     * @param encoderTables Tables that the carrier was made for.
     * @param targetTables Tables that the file shall have.
     * @param height True height in pixels; the carrier is higher by less than an MCU, and wider than [width].
     * @throws JpegFileException if [file] is not that file; it is then unchanged.
     */
    fun finish(
        file: ByteArray,
        size: Int,
        encoderTables: JpegTables,
        targetTables: JpegTables,
        height: Int,
        width: Int,
    ) {
        val header = JpegHeader.read(file, size)
        if (!header.isHalved) throw JpegFileException("it must be 4:2:0. Received: ${header.sampling}")
        val expected = (height + 15) / 16 * 16 to (width + 15) / 16 * 16
        if (header.height to header.width != expected) {
            val (rows, columns) = expected
            throw JpegFileException("it must be $columns x $rows pixels. Received: ${header.width} x ${header.height}")
        }
        checkScans(header, height, width)
        val changes = mutableMapOf<Int, IntArray>()
        for (component in header.components.indices) {
            val table = header.table(component)
            val (own, target) = if (component == 0) {
                encoderTables.luma to targetTables.luma
            } else {
                encoderTables.chroma to targetTables.chroma
            }
            if (table.entryBytes != 1) throw JpegFileException("it must have 8-bit quantization tables")
            if (!table.entries.contentEquals(own)) throw JpegFileException("it must have the tables that its carrier was made for")
            val known = changes.put(table.start, target)
            if (known != null && !known.contentEquals(target)) {
                throw JpegFileException("luma and chroma share a table in it, and must not")
            }
        }
        for ((start, target) in changes) {
            for (k in 0 until 64) file[start + k] = target[JpegTables.NATURAL_FROM_ZIGZAG[k]].toByte()
        }
        for ((offset, side) in listOf(1 to height, 3 to width)) {
            file[header.frameStart + offset] = (side shr 8).toByte()
            file[header.frameStart + offset + 1] = side.toByte()
        }
    }

    /** A scan of luma alone has the blocks that hold the picture, not those that complete an MCU. */
    private fun checkScans(header: JpegHeader, height: Int, width: Int) {
        if (header.scans.isEmpty()) throw JpegFileException("it has no scan")
        val isLumaAlone = header.scans.any { it == listOf(header.components[0].identifier) }
        val isOdd = (height + 7) / 8 % 2 != 0 || (width + 7) / 8 % 2 != 0
        if (isLumaAlone && isOdd) throw JpegFileException("it must be baseline for a picture of $width x $height")
    }
}
