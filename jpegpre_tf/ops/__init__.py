"""Pure TensorFlow functions: rounding surrogates, colour, DCT, chroma resampling, quantisation, file size.

Values equal libjpeg-turbo's in float32: every intermediate is an integer below 2**24, so each product and sum
is exact in any order, with and without XLA. Only rounding steps carry custom gradients; the rest is
differentiated by TensorFlow. Nothing here is Keras, so the functions serve Keras 3 and tf_keras alike.
"""
