"""Entropy coding: the exact size of a file, and what each coefficient costs."""
