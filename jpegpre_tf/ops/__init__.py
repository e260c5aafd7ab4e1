"""Pure TensorFlow functions: colour, DCT, chroma resampling, quantisation, entropy-coded size."""
