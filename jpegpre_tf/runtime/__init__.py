"""Light inference without TensorFlow."""
