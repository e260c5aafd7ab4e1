package jpegpre.android

/** Opens a [TileNetwork]; called once on each thread that works on tiles. */
public fun interface TileNetworkFactory {
    /** @throws JpegpreException MODEL if the model cannot be run. */
    public fun open(model: ModelFile): TileNetwork

    public companion object {
        /**
         * What the app has: [CompiledModelNetwork] with LiteRT 2 or later, else [InterpreterNetwork].
         *
         * @throws JpegpreException MODEL from `open` if the app has neither.
         */
        @JvmField
        public val AUTOMATIC: TileNetworkFactory = TileNetworkFactory { model ->
            when {
                has("com.google.ai.edge.litert.CompiledModel") -> CompiledModelNetwork.open(model)
                has("org.tensorflow.lite.Interpreter") -> InterpreterNetwork.open(model)
                else -> throw JpegpreException(
                    ErrorCode.MODEL,
                    "nothing in this app runs the network: add com.google.ai.edge.litert:litert to its dependencies",
                )
            }
        }

        private fun has(name: String): Boolean = try {
            // Not initialized: that would load its native library.
            Class.forName(name, false, TileNetworkFactory::class.java.classLoader)
            true
        } catch (_: ClassNotFoundException) {
            false
        }
    }
}
