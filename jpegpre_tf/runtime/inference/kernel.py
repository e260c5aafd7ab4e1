"""The kernel in C: everything from pixels to pixels in one sweep, from the int8 ONNX file."""

import ctypes
import functools
import os
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from jpegpre_tf.errors import ModelError

_SUFFIX = {"win32": ".dll", "darwin": ".dylib"}.get(sys.platform, ".so")
LIBRARY = Path(__file__).with_name(f"_kernel{_SUFFIX}")
# A library to take instead, and a level of instructions: for tests and measurements.
_LIBRARY_VARIABLE = "JPEGPRE_KERNEL"
_LEVEL_VARIABLE = "JPEGPRE_KERNEL_LEVEL"
_ROW = 16  # pixels of a row of work
# Rows of work of one thread's range, at least: a range's neighbors are transformed twice.
_LEAST_ROWS = 4

Pixels = npt.NDArray[np.uint8]
Integers = npt.NDArray[np.int16]
Tables = tuple[npt.ArrayLike, npt.ArrayLike]


class _Pixels(ctypes.Structure):
    """jpegpre_pixels of export/kernel/include/jpegpre_kernel.h."""

    _fields_ = (
        ("samples", ctypes.c_void_p),
        ("stride", ctypes.c_ssize_t),
        ("width", ctypes.c_int32),
        ("height", ctypes.c_int32),
        ("pixel_bytes", ctypes.c_int32),
    )


def kernel_library() -> ctypes.CDLL | None:
    """Returns the library, or None where it was not built or cannot be loaded."""
    return _load(os.environ.get(_LIBRARY_VARIABLE) or str(LIBRARY))


def kernel_levels() -> tuple[str, ...]:
    """Returns the levels of instructions that the library and this processor have, fastest first."""
    library = kernel_library()
    names: list[str] = []
    while library is not None and (name := library.jpegpre_level(len(names))):
        names.append(name.decode())
    return tuple(names)


@functools.cache
def _load(path: str) -> ctypes.CDLL | None:
    try:
        library = ctypes.CDLL(path)
        pointer, number = ctypes.c_void_p, ctypes.c_int32
        work = [pointer, ctypes.POINTER(_Pixels), ctypes.POINTER(_Pixels), number, number]
        texts = ctypes.POINTER(ctypes.c_char_p)
        create = [ctypes.c_char_p, ctypes.c_size_t, ctypes.c_char_p, ctypes.POINTER(pointer), texts]
        plan = [pointer, *[ctypes.c_char_p] * 4, ctypes.c_float, ctypes.POINTER(pointer)]
        for name, arguments, result in (
            ("jpegpre_kernel_create", create, ctypes.c_int),
            ("jpegpre_kernel_destroy", [pointer], None),
            ("jpegpre_kernel_level", [pointer], ctypes.c_char_p),
            ("jpegpre_level", [ctypes.c_int], ctypes.c_char_p),
            ("jpegpre_status_text", [ctypes.c_int], ctypes.c_char_p),
            ("jpegpre_plan_create", plan, ctypes.c_int),
            ("jpegpre_plan_destroy", [pointer], None),
            ("jpegpre_edit", work, ctypes.c_int),
            ("jpegpre_carrier", work, ctypes.c_int),
            ("jpegpre_decide", [*work[:2], pointer, pointer, number, number], ctypes.c_int),
            ("jpegpre_gates", [pointer, ctypes.c_int, pointer, number, number, pointer], ctypes.c_int),
        ):
            function = getattr(library, name)
            function.argtypes, function.restype = arguments, result
    except (OSError, AttributeError):  # not there, of another platform, or of another version
        return None
    return library


class Kernel:
    """An int8 network of the shipped kind, run by the library.

    Thread-safe. Its results are the same on every processor, with any number of threads, and in a browser.

    Args:
        content: The int8 ONNX file.
        threads: Threads of one call, >= 1.
        level: Level of instructions, one of `kernel_levels()`; None takes the fastest.

    Raises:
        ModelError: If there is no library, or the file is not a network that it runs.
    """

    def __init__(self, content: bytes, threads: int = 1, level: str | None = None) -> None:
        library = kernel_library()
        if library is None:
            raise ModelError(
                "the kernel's library was not built: it needs a C compiler when the package is installed"
            )
        self._library = library
        self._threads = threads
        self._handle = ctypes.c_void_p()
        reason = ctypes.c_char_p()
        level = level or os.environ.get(_LEVEL_VARIABLE) or None
        status = library.jpegpre_kernel_create(
            content, len(content), None if level is None else level.encode(), self._handle, reason
        )
        if status:
            expected = f"; expected {reason.value.decode()}" if reason.value else ""
            named = "" if level is None else f" (level {level})"
            raise ModelError(f"the kernel cannot run this model{named}: {self._words(status)}{expected}")

    def __del__(self) -> None:
        if getattr(self, "_handle", None):
            self._library.jpegpre_kernel_destroy(self._handle)

    @property
    def level(self) -> str:
        """The level of instructions that it uses."""
        return str(self._library.jpegpre_kernel_level(self._handle).decode())

    def edit(self, image: Pixels, tables: Tables, strength: float = 1.0) -> Pixels:
        """Returns edited pixels, uint8 `(H, W, 3)`.

        Args:
            image: uint8 `(H, W, 3)` RGB, or `(H, W, 4)`, whose fourth channel is kept.
            tables: Luma and chroma quantization tables of the encoder, 64 whole numbers of 1..255 in natural order.
            strength: 0..1.
        """
        return self._run(image, tables, None, strength, image.shape[:2], self._library.jpegpre_edit)

    def carrier(self, image: Pixels, tables: Tables, encoder_tables: Tables, strength: float = 1.0) -> Pixels:
        """Returns the carrier's pixels, uint8, both sides rounded up to multiples of 16.

        Args:
            image, tables, strength: As of `edit`; `tables` are those that the finished file shall have.
            encoder_tables: Those that the encoder will use.
        """
        size = tuple(-(-side // _ROW) * _ROW for side in image.shape[:2])
        return self._run(image, tables, encoder_tables, strength, size, self._library.jpegpre_carrier)

    def decide(self, image: Pixels, tables: Tables, strength: float = 1.0) -> tuple[Integers, Integers]:
        """Returns quantized coefficients: of Y int16 `(H / 8, W / 8, 64)`, of Cb and Cr `(H / 16, W / 16, 128)`.

        Sides are rounded up to multiples of 16; frequencies ordered by row + column, then by row.

        Args:
            image, tables, strength: As of `edit`.
        """
        image = np.ascontiguousarray(image)
        rows, columns = (-(-side // _ROW) for side in image.shape[:2])
        luma = np.empty((2 * rows, 2 * columns, 64), np.int16)
        chroma = np.empty((rows, columns, 128), np.int16)
        with _Plan(self, tables, None, strength) as plan:
            self._in_ranges(
                rows,
                lambda first, end: self._library.jpegpre_decide(
                    plan, _pixels(image), luma.ctypes.data, chroma.ctypes.data, first, end
                ),
            )
        return luma, chroma

    def gates(self, features: Pixels, tables: Tables) -> Pixels:
        """Returns codes of gates of features `(rows, columns, 96 or 288)`, in the model's order: for tests."""
        features = np.ascontiguousarray(features)
        rows, columns, count = features.shape
        is_chroma = count != 96
        result = np.empty((rows, columns, 192 if is_chroma else 96), np.uint8)
        with _Plan(self, tables, None, 1.0) as plan:
            self._check(
                self._library.jpegpre_gates(
                    plan, is_chroma, features.ctypes.data, rows, columns, result.ctypes.data
                )
            )
        return result

    def _run(
        self,
        image: Pixels,
        tables: Tables,
        encoder_tables: Tables | None,
        strength: float,
        size: tuple[int, ...],
        function: Callable[..., int],
    ) -> Pixels:
        image = np.ascontiguousarray(image)
        result = np.empty((*size, image.shape[2]), np.uint8)
        with _Plan(self, tables, encoder_tables, strength) as plan:
            self._in_ranges(
                -(-image.shape[0] // _ROW),
                lambda first, end: function(plan, _pixels(image), _pixels(result), first, end),
            )
        return result

    def _in_ranges(self, rows: int, run: Callable[[int, int], int]) -> None:
        """Runs all rows of work, in as many ranges as there are threads."""
        ranges = max(1, min(self._threads, rows // _LEAST_ROWS))
        if ranges == 1:
            self._check(run(0, rows))
            return
        cuts = [rows * i // ranges for i in range(ranges + 1)]
        with ThreadPoolExecutor(ranges) as pool:
            for status in pool.map(run, cuts[:-1], cuts[1:]):
                self._check(status)

    def _check(self, status: int) -> None:
        if status:
            raise ModelError(f"the kernel failed: {self._words(status)}")

    def _words(self, status: int) -> str:
        return str(self._library.jpegpre_status_text(status).decode())


class _Plan:
    """A plan of the library for as long as the block lasts."""

    def __init__(
        self, kernel: Kernel, tables: Tables, encoder_tables: Tables | None, strength: float
    ) -> None:
        self._kernel = kernel
        self._handle = ctypes.c_void_p()
        encoder = (None, None) if encoder_tables is None else [_table(table) for table in encoder_tables]
        status = kernel._library.jpegpre_plan_create(
            kernel._handle, *(_table(table) for table in tables), *encoder, strength, self._handle
        )
        kernel._check(status)

    def __enter__(self) -> Any:
        return self._handle

    def __exit__(self, *_: object) -> None:
        self._kernel._library.jpegpre_plan_destroy(self._handle)


def _table(table: npt.ArrayLike) -> bytes:
    entries = np.asarray(table)
    if (
        entries.size != 64
        or (entries < 1).any()
        or (entries > 255).any()
        or (entries != np.rint(entries)).any()
    ):
        raise ValueError(f"`tables` must have 64 whole numbers of 1..255 each. Received: {entries.tolist()}")
    return entries.astype(np.uint8).tobytes()


def _pixels(image: Pixels) -> Any:
    height, width, channels = image.shape
    return ctypes.byref(_Pixels(image.ctypes.data, image.strides[0], width, height, channels))
