"""Files as `jpegpre encode` writes them: a carrier, an ordinary encoder, and the header that `finish` writes."""

from jpegpre_tf._types import RGBImage
from jpegpre_tf.codecs.base import Encoded, Encoder, decode
from jpegpre_tf.runtime import Session
from jpegpre_tf.runtime.pictures.jpeg_files.made_file import MadeMark, insert_mark


class CarrierWriter:
    """Encodes carriers and finishes the files; a `FileWriter`.

    Args:
        session: What `runtime.load` returns: its decisions, for the tables that come with the model.
        encoder: Encoder with libjpeg's tables of a quality.
    """

    def __init__(self, session: Session, encoder: Encoder) -> None:
        self._session = session
        self._encoder = encoder

    def write(self, image: RGBImage, quality: int, strength: float) -> Encoded:
        carrier = self._session.carrier(image, quality, strength)
        if carrier.quality is None:
            raise ValueError("a carrier without the quality of its encoder")
        encoder = self._encoder
        if carrier.is_exact:
            content = carrier.finish(encoder.encode_bytes(carrier.pixels, carrier.quality))
            flags = f"{encoder.flags}; tables of the model by carrier"
        else:
            content = encoder.encode_bytes(self._session(image, quality, strength), quality)
            flags = f"{encoder.flags}; edited, no carrier is exact"
        if strength > 0:
            content = insert_mark(content, MadeMark(quality, strength))
        return Encoded(content, decode(content), encoder.name, encoder.version, flags, quality)
