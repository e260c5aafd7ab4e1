"""Accuracy, speed and gradients of the JPEG layers against Pillow; see `docs/simulator.md`."""
