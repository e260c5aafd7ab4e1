"""Damage in the entropy-coded data of JPEG files, found without decoding them."""
