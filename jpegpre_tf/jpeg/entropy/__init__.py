"""Entropy coding: Huffman tables, and the scans of baseline and progressive files, read and written."""
