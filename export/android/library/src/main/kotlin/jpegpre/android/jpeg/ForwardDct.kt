package jpegpre.android.jpeg

/** libjpeg's accurate integer DCT (jfdctint.c), bit for bit: what the encoder makes of samples. */
internal object ForwardDct {
    private const val CONST_BITS = 13
    private const val PASS1_BITS = 2

    /** Turns 64 samples less 128 into coefficients scaled by 8, in place. */
    fun transform(block: IntArray) {
        for (row in 0 until 8) transform(block, 8 * row, 1, CONST_BITS - PASS1_BITS)
        for (column in 0 until 8) transform(block, column, 8, CONST_BITS + PASS1_BITS)
    }

    private fun transform(x: IntArray, at: Int, step: Int, shift: Int) {
        val half = 1 shl shift - 1
        val sum0 = x[at] + x[at + 7 * step]
        val sum1 = x[at + step] + x[at + 6 * step]
        val sum2 = x[at + 2 * step] + x[at + 5 * step]
        val sum3 = x[at + 3 * step] + x[at + 4 * step]
        val a = x[at + 3 * step] - x[at + 4 * step]
        val b = x[at + 2 * step] - x[at + 5 * step]
        val c = x[at + step] - x[at + 6 * step]
        val d = x[at] - x[at + 7 * step]
        val outer = sum0 - sum3
        val inner = sum1 - sum2
        x[at] = (sum0 + sum3 + sum1 + sum2 shl CONST_BITS) + half shr shift
        x[at + 4 * step] = (sum0 + sum3 - sum1 - sum2 shl CONST_BITS) + half shr shift
        val z = (inner + outer) * 4433
        x[at + 2 * step] = z + outer * 6270 + half shr shift
        x[at + 6 * step] = z - inner * 15137 + half shr shift
        val z5 = (a + c + b + d) * 9633
        val z1 = (a + d) * -7373
        val z2 = (b + c) * -20995
        val z3 = (a + c) * -16069 + z5
        val z4 = (b + d) * -3196 + z5
        x[at + 7 * step] = a * 2446 + z1 + z3 + half shr shift
        x[at + 5 * step] = b * 16819 + z2 + z4 + half shr shift
        x[at + 3 * step] = c * 25172 + z2 + z3 + half shr shift
        x[at + step] = d * 12299 + z1 + z4 + half shr shift
    }
}
