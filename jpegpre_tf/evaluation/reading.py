"""How the pictures of an evaluation are read."""

from dataclasses import dataclass
from pathlib import Path

from jpegpre_tf.runtime import open_picture
from jpegpre_tf.runtime.pictures.decode import MAX_PIXELS
from jpegpre_tf.runtime.pictures.picture import Picture
from jpegpre_tf.runtime.quiet import allow_pixels


@dataclass(frozen=True)
class Reading:
    """What `open_picture` takes beside the file; small enough to send to a worker process.

    Attributes:
        background: Colour under transparent pictures, a name or #rrggbb.
        color: "keep" or "srgb".
        max_pixels: Larger pictures are refused.
    """

    background: str = "white"
    color: str = "keep"
    max_pixels: int = MAX_PIXELS

    def open(self, path: str | Path) -> Picture:
        """Returns the picture.

        Raises:
            PictureError: If it cannot be read.
        """
        allow_pixels(self.max_pixels)  # Pillow's own limit is one of the process, and this may be a worker
        return open_picture(path, background=self.background, color=self.color, max_pixels=self.max_pixels)
