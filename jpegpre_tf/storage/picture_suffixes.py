"""Suffixes of files that are taken for pictures, in lower case: the same in every verb."""

JPEG_SUFFIXES = frozenset((".jpg", ".jpeg", ".jpe", ".jfif"))
HEIF_SUFFIXES = frozenset((".heic", ".heif", ".hif"))  # read with the extra [heif]
_OTHER_SUFFIXES = (".png", ".webp", ".tif", ".tiff", ".bmp", ".gif", ".avif", ".ppm", ".pgm", ".pnm")
PICTURE_SUFFIXES = frozenset((*JPEG_SUFFIXES, *_OTHER_SUFFIXES, *HEIF_SUFFIXES))
