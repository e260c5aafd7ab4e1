"""A before/after page: one self-contained HTML file with a wipe slider for each picture."""

import base64
import html
from pathlib import Path

from jpegpre_tf.runtime.encoding.result import EncodeResult
from jpegpre_tf.runtime.pages.views import Views
from jpegpre_tf.runtime.pages.wipe import Left, render_template, wipe_figure, wipe_head
from jpegpre_tf.storage.names import printable_path

# Browsers, phones first, struggle with larger pages; pictures beyond it are left out and counted.
_MOST_EMBEDDED_BYTES = 48_000_000


class ComparePage:
    """Collects encoded pictures and shows each plain file beside the preprocessed one.

    The page holds the JPEG files, of their EXIF only the orientation, and loads nothing from anywhere.

    Args:
        quality: 1..100, the quality both files were encoded at; None if it differs from picture to picture.

    Example:
        >>> page = ComparePage(quality=75)
        >>> page.add(encode_file("photo.png", "photo.jpg", load("balanced")))
        >>> write_atomically("page.html", page.html().encode())
    """

    def __init__(self, quality: int | None) -> None:
        self._quality = quality
        self._figures: list[str] = []
        self._embedded_bytes = 0
        self._size_bytes_plain = 0
        self._size_bytes = 0
        self._has_views = False
        self.left_out = 0

    def add(self, result: EncodeResult, views: Views | None = None) -> None:
        """Adds one picture, or counts it in `left_out` when the page has grown too large.

        Args:
            result: What `encode_file` returned.
            views: Further pictures to compare with, see `make_views`; the first one shown is then the plain file of
                equal size.
        """
        size_bytes = len(result.jpeg_plain) + len(result.jpeg)
        if views is not None:
            size_bytes += len(views.original) + len(views.equal_size)
            self._has_views = True
        if not result.jpeg or (self._figures and self._embedded_bytes + size_bytes > _MOST_EMBEDDED_BYTES):
            self.left_out += 1
            return
        self._embedded_bytes += size_bytes
        self._size_bytes_plain += result.size_bytes_plain
        self._size_bytes += result.size_bytes
        self._figures.append(_figure(result, views))

    def html(self) -> str:
        """Returns the page."""
        count = len(self._figures)
        saved = 100 * (1 - self._size_bytes / self._size_bytes_plain) if count else 0.0
        pictures = "1 photo" if count == 1 else f"{count} photos"
        parts = {
            "title": "JPEG before and after preprocessing",
            "headline": f"{pictures}, <strong>{_change(saved)}</strong> at the same JPEG quality",
            "explanation": f"{self._explain_left()} Right: the same encoder after the network edited the pixels. "
            "Drag across a photo, or use the slider and the arrow keys; the button enlarges.",
            "wipe": wipe_head(),
            "figures": "\n".join(self._figures),
        }
        return render_template(Path(__file__).with_suffix(".html"), parts)

    def _explain_left(self) -> str:
        if not self._has_views:
            return f"Left of the line: the photo as an ordinary encoder writes it at {self._at_quality()}."
        return (
            "Left of the line, by choice: an ordinary encoder's file of <em>equal size</em>, where the gain shows; its "
            f"file at {self._at_quality()}, which is larger; or the original."
        )

    def _at_quality(self) -> str:
        return "the same quality" if self._quality is None else f"quality {self._quality}"


def _change(saved_percent: float) -> str:
    return f"{abs(saved_percent):.1f} % {'smaller' if saved_percent >= 0 else 'larger'}"


def _figure(result: EncodeResult, views: Views | None) -> str:
    name = printable_path(result.source.name)
    width, height = result.width, result.height
    if result.is_turned:
        width, height = height, width
    lefts: list[Left] = [("plain", "same quality", _address(result.jpeg_plain))]
    equal = ""
    if views is not None:
        lefts.insert(0, ("equal", "equal size", _address(views.equal_size)))
        lefts.append(("original", "original", _address(views.original)))
        equal = (
            f"<span>ordinary at equal size {_kilobytes(views.equal_size_bytes)}, "
            f"quality {views.equal_size_quality}</span>\n"
        )
    caption = f"""<figcaption><b>{html.escape(name)}</b>
<span>plain {_kilobytes(result.size_bytes_plain)}, PSNR {result.psnr_plain_db:.2f} dB</span>
<span>preprocessed {_kilobytes(result.size_bytes)}, PSNR {result.psnr_db:.2f} dB</span>
{equal}<span class="gain">{_change(result.saved_percent)}</span></figcaption>
"""
    return wipe_figure(name, (width, height), lefts, ("preprocessed JPEG", _address(result.jpeg)), caption)


def _address(jpeg: bytes) -> str:
    return "data:image/jpeg;base64," + base64.b64encode(jpeg).decode("ascii")


def _kilobytes(size_bytes: int) -> str:
    return f"{size_bytes / 1000:,.1f} kB"
