"""Quantization: tables, rounding with a useful gradient, learned decisions."""
