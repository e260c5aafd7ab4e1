"""From a trained Keras preprocessor to files that run elsewhere."""
