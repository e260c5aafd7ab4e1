"""Thin Keras layers over `jpegpre_tf.ops`."""
