"""jpegli through pyjpegli, with its Huffman tables re-optimised."""

from importlib import metadata

from jpegpre_tf._optional import require
from jpegpre_tf._types import RGBImage
from jpegpre_tf.codecs.base import Encoder
from jpegpre_tf.codecs.huffman import describe_reoptimizer, reoptimize


class Jpegli(Encoder):
    """jpegli by `jpegli_set_quality`, the one call that pyjpegli makes: 4:2:0, two tables, baseline.

    `jpegli_set_distance`, which writes three tables, cannot be reached through it. pyjpegli writes standard Huffman
    tables; fitted ones replace them, to be fair.
    """

    rounds = False

    def __init__(self) -> None:
        self._jpegli = require("pyjpegli", extra="evaluate", purpose="jpegli")
        self.name = "jpegli"
        self.version = f"pyjpegli {metadata.version('pyjpegli')}"
        self.flags = (
            f"jpegli_set_quality: two tables, adaptive quantization, baseline, 4:2:0, "
            f"Huffman re-optimised by {describe_reoptimizer()}"
        )

    def encode_bytes(self, image: RGBImage, quality: int) -> bytes:
        height, width = image.shape[:2]
        return reoptimize(self._jpegli.encode(image.tobytes(), width, height, quality=quality))
