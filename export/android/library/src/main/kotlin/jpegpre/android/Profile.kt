package jpegpre.android

/** What a shipped model was trained for; docs/profiles.md of the repository has the measurements. */
public enum class Profile {
    /** Squared error: the highest PSNR. */
    FIDELITY,

    /** Gains on every measure at once. */
    BALANCED,

    /** Perceptual measures: the most savings at an equal SSIMULACRA2 score. */
    PERCEPTUAL,
    ;

    /** Name of the model, and of its folder below `jpegpre/` in the assets. */
    public val modelName: String get() = name.lowercase()
}
