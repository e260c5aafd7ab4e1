"""The kernel in C: everything from pixels to pixels in one sweep, from the int8 ONNX file."""

import ctypes
from collections.abc import Callable
from contextlib import AbstractContextManager

import numpy as np
import numpy.typing as npt

from jpegpre_tf._padded import empty_pixels, padded_pixels
from jpegpre_tf.errors import ModelError
from jpegpre_tf.runtime.inference.kernel_library import (
    ROW,
    KernelCuts,
    KernelPixels,
    Tables,
    check_status,
    chosen_level,
    coefficients_of,
    handle_of,
    kernel_library,
    pixels_of,
    run_in_ranges,
    table_bytes,
    words_of,
)
from jpegpre_tf.runtime.inference.runners.finite import check_constants

Pixels = npt.NDArray[np.uint8]
Integers = npt.NDArray[np.int16]


class Kernel:
    """An int8 network of the shipped kind, run by the library.

    Thread-safe. Its results are the same on every processor, with any number of threads, and in a browser.

    Args:
        content: The int8 ONNX file.
        threads: Threads of one call, >= 1.
        level: Level of instructions, one of `kernel_levels()`; None takes the fastest.

    Raises:
        ModelError: If there is no library, the file is not a network that it runs, or a weight is not finite.
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
        name = chosen_level(level)
        status = library.jpegpre_kernel_create(content, len(content), name, self._handle, reason)
        if status:
            expected = f"; expected {reason.value.decode()}" if reason.value else ""
            named = "" if name is None else f" (level {name.decode()})"
            words = words_of(library, status)
            raise ModelError(f"the kernel cannot run this model{named}: {words}{expected}")
        check_constants(content, "onnx")

    def __del__(self) -> None:
        if getattr(self, "_handle", None):
            self._library.jpegpre_kernel_destroy(self._handle)

    @property
    def level(self) -> str:
        """The level of instructions that it uses."""
        return str(self._library.jpegpre_kernel_level(self._handle).decode())

    def edit(self, image: Pixels, tables: Tables, strength: float = 1.0, *, padded: bool = False) -> Pixels:
        """Returns edited pixels, uint8 `(H, W, 3)`.

        Args:
            image: uint8 `(H, W, 3)` RGB, or `(H, W, 4)`, whose fourth channel is kept.
            tables: Luma and chroma quantization tables of the encoder, 64 whole numbers of 1..255 in natural order.
            strength: 0..1.
            padded: Whether the result is a view of pixels of four bytes.
        """
        height, width = image.shape[:2]
        return self._run(image, tables, None, strength, (height, width), padded, self._library.jpegpre_edit)

    def carrier(self, image: Pixels, tables: Tables, encoder_tables: Tables, strength: float = 1.0) -> Pixels:
        """Returns the carrier's pixels, uint8, both sides rounded up to multiples of 16.

        Args:
            image, tables, strength: As of `edit`; `tables` are those that the finished file shall have.
            encoder_tables: Those that the encoder will use.
        """
        return self.counted_carrier(image, tables, encoder_tables, strength)[0]

    def counted_carrier(
        self,
        image: Pixels,
        tables: Tables,
        encoder_tables: Tables,
        strength: float = 1.0,
        *,
        padded: bool = False,
    ) -> tuple[Pixels, float]:
        """Returns the carrier's pixels, and the part of them, 0..1, that is cut by more than a level at 0 or 255.

        Args:
            image, tables, encoder_tables, strength: As of `carrier`.
            padded: As of `edit`.
        """
        height, width = (-(-side // ROW) * ROW for side in image.shape[:2])
        cuts: list[KernelCuts] = []

        def run(plan: ctypes.c_void_p, given: KernelPixels, to: KernelPixels, first: int, end: int) -> int:
            own = KernelCuts()
            cuts.append(own)
            return int(self._library.jpegpre_counted_carrier(plan, given, to, own, first, end))

        pixels = self._run(image, tables, encoder_tables, strength, (height, width), padded, run)
        return pixels, sum(each.cut for each in cuts) / sum(each.pixels for each in cuts)

    def decide(self, image: Pixels, tables: Tables, strength: float = 1.0) -> tuple[Integers, ...]:
        """Returns quantized coefficients of Y, int16 `(ceil(H / 8), ceil(W / 8), 8, 8)`, and of Cb and Cr (H / 16).

        Args:
            image: As of `edit`, or `(H, W)` gray: then of Y alone.
            tables, strength: As of `edit`.
        """
        height, width = image.shape[:2]
        is_gray = image.ndim == 2
        image = np.repeat(image[..., np.newaxis], 3, axis=2) if is_gray else np.ascontiguousarray(image)
        units = (8,) if is_gray else (8, ROW, ROW)
        planes = tuple(np.empty((-(-height // unit), -(-width // unit), 8, 8), np.int16) for unit in units)
        given, result = pixels_of(image), coefficients_of(planes, height, width)
        with self._plan(tables, None, strength) as plan:
            self._in_ranges(
                -(-height // ROW),
                lambda first, end: self._library.jpegpre_decide(plan, given, result, first, end),
            )
        return planes

    def gates(self, features: Pixels, tables: Tables) -> Pixels:
        """Returns codes of gates of features `(rows, columns, 96 or 288)`, in the model's order: for tests."""
        features = np.ascontiguousarray(features)
        rows, columns, count = features.shape
        is_chroma = count != 96
        result = np.empty((rows, columns, 192 if is_chroma else 96), np.uint8)
        with self._plan(tables, None, 1.0) as plan:
            status = self._library.jpegpre_gates(
                plan, is_chroma, features.ctypes.data, rows, columns, result.ctypes.data
            )
            check_status(self._library, status)
        return result

    def _run(
        self,
        image: Pixels,
        tables: Tables,
        encoder_tables: Tables | None,
        strength: float,
        size: tuple[int, int],
        padded: bool,
        function: Callable[..., int],
    ) -> Pixels:
        # Libraries that were built earlier take pixels of one size alone.
        can_pad = hasattr(self._library, "jpegpre_interface")
        padded = padded and can_pad
        if not can_pad or padded_pixels(image) is None:
            image = np.ascontiguousarray(image)
        has_fourth = image.shape[2] == 4
        result = np.empty((*size, 4), np.uint8) if has_fourth else empty_pixels(*size, padded=padded)
        given, to = pixels_of(image), pixels_of(result)
        with self._plan(tables, encoder_tables, strength) as plan:
            self._in_ranges(
                -(-image.shape[0] // ROW),
                lambda first, end: function(plan, given, to, first, end),
            )
        return result

    def _in_ranges(self, rows: int, run: Callable[[int, int], int]) -> None:
        run_in_ranges(self._library, rows, self._threads, run)

    def _plan(
        self, tables: Tables, encoder_tables: Tables | None, strength: float
    ) -> AbstractContextManager[ctypes.c_void_p]:
        encoder = (None, None) if encoder_tables is None else [table_bytes(table) for table in encoder_tables]
        arguments = (self._handle, *(table_bytes(table) for table in tables), *encoder, strength)
        library = self._library
        return handle_of(library, library.jpegpre_plan_create, arguments, library.jpegpre_plan_destroy)
