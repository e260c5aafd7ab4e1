"""Whole files: their segments, their coefficients, and the same picture written in another way."""
