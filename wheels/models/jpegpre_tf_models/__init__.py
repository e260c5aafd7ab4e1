"""Files of models; `jpegpre_tf.runtime` finds them."""
