"""Decoded pictures as rows of RGB, and the colour spaces that files name."""
