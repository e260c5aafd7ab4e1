"""The picture that makes an ordinary encoder write decisions, with what is needed to finish its file."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from jpegpre_tf import jpeg

Tables = npt.NDArray[np.uint8]


@dataclass(frozen=True)
class Carrier:
    """Pixels for an encoder, and the plan of the file that comes of them.

    Attributes:
        pixels: uint8 `(H, W, 3)` RGB, H and W multiples of 16, or `(H, W)` grey, multiples of 8.
        quality: Quality that the encoder must be given; None where its tables were given instead.
        tables: Luma and chroma table that the file shall have, uint8 `(2, 8, 8)`, natural order.
        encoder_tables: Luma and chroma table that the encoder will use, likewise.
        width: Width of the picture that viewers will show, pixels.
        height: Height of it.
    """

    pixels: npt.NDArray[np.uint8]
    quality: int | None
    tables: Tables
    encoder_tables: Tables
    width: int
    height: int

    def finish(self, content: bytes) -> bytes:
        """Returns the encoded carrier with the tables and the size that the file shall have.

        Args:
            content: The JPEG file that an encoder made of `pixels`: 4:2:0 or grey, baseline or progressive.

        Raises:
            ValueError: If it is another file; one line that says what was expected and what came.
        """
        return jpeg.finish(content, list(self.encoder_tables), list(self.tables), self.height, self.width)
