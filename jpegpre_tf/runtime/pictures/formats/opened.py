"""What opening a picture file by its kind returns."""

from dataclasses import dataclass, field

from PIL import Image

from jpegpre_tf.runtime.pictures.metadata.metadata import Metadata
from jpegpre_tf.runtime.pictures.pixels.color_description import ColorDescription


class RefusedError(Exception):
    """Why a file is refused, without its name."""


@dataclass
class Opened:
    """A picture file, opened and perhaps not decoded yet.

    Attributes:
        image: The picture.
        metadata: Everything but what only JPEG files have.
        density: (x, y) dots per inch, None if none are stated.
        notes: What of the file is not used.
        transparent: Samples that are transparent, as in `image`; None if there are none.
        description: Colour space by numbers, None if it is not stated so.
        frames: How many pictures the file holds.
    """

    image: Image.Image
    metadata: Metadata = field(default_factory=Metadata)
    density: tuple[int, int] | None = None
    notes: list[str] = field(default_factory=list)
    transparent: tuple[int, ...] | None = None
    description: ColorDescription | None = None
    frames: int = 1
