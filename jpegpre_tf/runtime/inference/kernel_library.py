"""The shared library of export/kernel: where it is, and its functions and structures as ctypes sees them."""

import ctypes
import functools
import hashlib
import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import numpy as np
import numpy.typing as npt

from jpegpre_tf._padded import padded_pixels
from jpegpre_tf.errors import ModelError
from jpegpre_tf.runtime.native.library import library_path

# A level of instructions to take instead of the fastest: for tests and measurements.
_LEVEL_VARIABLE = "JPEGPRE_KERNEL_LEVEL"
ROW = 16  # pixels of a row of work
# Rows of work of one thread's range, at least: a range's neighbors are transformed twice.
_LEAST_ROWS = 4

Tables = tuple[npt.ArrayLike, npt.ArrayLike]


class KernelPixels(ctypes.Structure):
    """jpegpre_pixels of export/kernel/include/jpegpre_kernel.h."""

    _fields_ = (
        ("samples", ctypes.c_void_p),
        ("stride", ctypes.c_ssize_t),
        ("width", ctypes.c_int32),
        ("height", ctypes.c_int32),
        ("pixel_bytes", ctypes.c_int32),
    )


class KernelCoefficients(ctypes.Structure):
    """jpegpre_coefficients."""

    _fields_ = (
        ("luma", ctypes.c_void_p),
        ("cb", ctypes.c_void_p),
        ("cr", ctypes.c_void_p),
        ("width", ctypes.c_int32),
        ("height", ctypes.c_int32),
    )


class KernelCuts(ctypes.Structure):
    """jpegpre_cuts."""

    _fields_ = (("pixels", ctypes.c_int64), ("cut", ctypes.c_int64), ("squares", ctypes.c_int64))


def kernel_library() -> ctypes.CDLL | None:
    """Returns the library, or None where it was not built or cannot be loaded, or the processor has no level of it."""
    return _load(str(library_path()))


def kernel_levels() -> tuple[str, ...]:
    """Returns the levels of instructions that the library and this processor have, fastest first."""
    library = kernel_library()
    return () if library is None else _levels(library)


def kernel_digest() -> str:
    """Returns a hash of the library's file: of the code that makes the kernel's samples."""
    return hashlib.sha256(library_path().read_bytes()).hexdigest()


def chosen_level(level: str | None = None) -> bytes | None:
    """The level to ask the library for: the given one, else that of the environment, else None for the fastest."""
    name = level or os.environ.get(_LEVEL_VARIABLE)
    return name.encode() if name else None


def _levels(library: ctypes.CDLL) -> tuple[str, ...]:
    names: list[str] = []
    while name := library.jpegpre_level(len(names)):
        names.append(name.decode())
    return tuple(names)


@functools.cache
def _load(path: str) -> ctypes.CDLL | None:
    try:
        library = ctypes.CDLL(path)
        pointer, number, status = ctypes.c_void_p, ctypes.c_int32, ctypes.c_int
        handle, bytes_, text = ctypes.POINTER(pointer), ctypes.c_char_p, ctypes.c_char_p
        pixels, coefficients = ctypes.POINTER(KernelPixels), ctypes.POINTER(KernelCoefficients)
        cuts, texts = ctypes.POINTER(KernelCuts), ctypes.POINTER(ctypes.c_char_p)
        for name, arguments, result in (
            ("jpegpre_kernel_create", [bytes_, ctypes.c_size_t, text, handle, texts], status),
            ("jpegpre_kernel_destroy", [pointer], None),
            ("jpegpre_kernel_level", [pointer], text),
            ("jpegpre_level", [ctypes.c_int], text),
            ("jpegpre_status_text", [ctypes.c_int], text),
            ("jpegpre_plan_create", [pointer, *[bytes_] * 4, ctypes.c_float, handle], status),
            ("jpegpre_plan_destroy", [pointer], None),
            ("jpegpre_edit", [pointer, pixels, pixels, number, number], status),
            ("jpegpre_counted_carrier", [pointer, pixels, pixels, cuts, number, number], status),
            ("jpegpre_decide", [pointer, pixels, coefficients, number, number], status),
            ("jpegpre_gates", [pointer, ctypes.c_int, pointer, number, number, pointer], status),
            ("jpegpre_renderer_create", [bytes_, bytes_, text, handle], status),
            ("jpegpre_renderer_destroy", [pointer], None),
            ("jpegpre_render", [pointer, coefficients, pixels, cuts, number, number], status),
            (
                "jpegpre_choose",
                [coefficients, bytes_, bytes_, bytes_, number, ctypes.POINTER(number)],
                status,
            ),
        ):
            function = getattr(library, name)
            function.argtypes, function.restype = arguments, result
    except (OSError, AttributeError):  # not there, of another platform, or of another version
        return None
    return library if _levels(library) else None


def words_of(library: ctypes.CDLL, status: int) -> str:
    """What a status means."""
    return str(library.jpegpre_status_text(status).decode())


def check_status(library: ctypes.CDLL, status: int) -> None:
    """Raises ModelError unless a function of the library came to its end."""
    if status:
        raise ModelError(f"the kernel failed: {words_of(library, status)}")


@contextmanager
def handle_of(
    library: ctypes.CDLL,
    create: Callable[..., int],
    arguments: tuple[object, ...],
    destroy: Callable[..., None],
) -> Iterator[ctypes.c_void_p]:
    """What `create` makes of the arguments, for as long as the block lasts."""
    handle = ctypes.c_void_p()
    check_status(library, create(*arguments, handle))
    try:
        yield handle
    finally:
        destroy(handle)


def run_in_ranges(library: ctypes.CDLL, rows: int, threads: int, run: Callable[[int, int], int]) -> None:
    """Runs all rows of work, in as many ranges as there are threads."""
    ranges = max(1, min(threads, rows // _LEAST_ROWS))
    if ranges == 1:
        check_status(library, run(0, rows))
        return
    cuts = [rows * i // ranges for i in range(ranges + 1)]
    with ThreadPoolExecutor(ranges) as pool:
        for status in pool.map(run, cuts[:-1], cuts[1:]):
            check_status(library, status)


def table_bytes(table: npt.ArrayLike) -> bytes:
    """A table as the library takes it.

    Raises:
        ValueError: If it is not one.
    """
    entries = np.asarray(table)
    if (
        entries.size != 64
        or (entries < 1).any()
        or (entries > 255).any()
        or (entries != np.rint(entries)).any()
    ):
        raise ValueError(f"`tables` must have 64 whole numbers of 1..255 each. Received: {entries.tolist()}")
    return entries.astype(np.uint8).tobytes()


def pixels_of(image: npt.NDArray[np.uint8]) -> KernelPixels:
    """The structure of an (H, W, channels) or (H, W) array, contiguous or padded, which has to outlive it."""
    padded = padded_pixels(image)
    image = image if padded is None else padded
    height, width, *channels = image.shape
    return KernelPixels(image.ctypes.data, image.strides[0], width, height, *(channels or [1]))


def coefficients_of(planes: tuple[npt.NDArray[np.int16], ...], height: int, width: int) -> KernelCoefficients:
    """The structure of contiguous planes of Y, or of Y, Cb and Cr; they have to outlive it."""
    addresses = [plane.ctypes.data for plane in planes]
    return KernelCoefficients(*addresses, *[None] * (3 - len(addresses)), width, height)
