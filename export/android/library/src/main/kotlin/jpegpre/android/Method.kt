package jpegpre.android

/** How a file came about. */
public enum class Method {
    /** The network decided what the file holds, in tables of its own: a carrier through `Bitmap.compress`. */
    CARRIER,

    /** `Bitmap.compress` wrote pixels that the network had edited, with the encoder's own tables. */
    EDIT,

    /** `Bitmap.compress` wrote the picture as it is: nothing was to be saved. */
    PLAIN,
}
