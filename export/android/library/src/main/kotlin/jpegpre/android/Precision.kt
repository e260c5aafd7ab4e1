package jpegpre.android

/** Numbers that the network calculates with. The assets hold INT8 unless the build is told otherwise (README.md). */
public enum class Precision {
    /** Smallest, and fastest on processors. */
    INT8,

    /** For graphics processors, which calculate in 16 bits anyway. */
    FP16,

    /** The network as it was trained. */
    FP32,
}
