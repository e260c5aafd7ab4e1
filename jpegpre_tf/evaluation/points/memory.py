"""A setting of glibc's allocator that saves two fifths of an evaluation's CPU time."""

import ctypes
import sys

# mallopt's parameters, <malloc.h>.
_M_TRIM_THRESHOLD = -1
_M_MMAP_THRESHOLD = -3
_LARGEST_BLOCK = 32 << 20  # bytes; older versions of glibc refuse more
_LARGEST_REST = 256 << 20  # bytes


def keep_freed_memory() -> None:
    """Makes freed blocks of up to 32 MB stay in the process, ready for the next one.

    Metrics make and drop arrays of several MB all the time. By default glibc maps each anew and the kernel
    clears it page by page: measured on Kodak, 26 s of CPU time instead of 15. Does nothing without glibc.
    """
    if not sys.platform.startswith("linux"):
        return
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError):  # musl has none
        return
    mallopt(_M_MMAP_THRESHOLD, _LARGEST_BLOCK)
    mallopt(_M_TRIM_THRESHOLD, _LARGEST_REST)
