"""Files as `jpegpre encode` writes them: a carrier, an ordinary encoder, and the header that `finish` writes."""

from jpegpre_tf.codecs.base import Encoded, Encoder, Picture, decode
from jpegpre_tf.runtime import Session
from jpegpre_tf.runtime.pictures.made_file import MadeMark, insert_mark


class CarrierWriter:
    """Encodes carriers and finishes the files; a `FileWriter`.

    Args:
        session: What `runtime.load` returns: its decisions, for the tables that come with the model.
        encoder: Encoder with libjpeg's tables of a quality.
    """

    def __init__(self, session: Session, encoder: Encoder) -> None:
        self._session = session
        self._encoder = encoder

    def write(self, image: Picture, quality: int, strength: float) -> Encoded:
        carrier = self._session.carrier(image, quality, strength)
        if carrier.quality is None:
            raise ValueError("a carrier without the quality of its encoder")
        content = carrier.finish(self._encoder.encode_bytes(carrier.pixels, carrier.quality))
        if strength > 0:
            content = insert_mark(content, MadeMark(quality, strength))
        encoder = self._encoder
        flags = f"{encoder.flags}; tables of the model by carrier"
        return Encoded(content, decode(content), encoder.name, encoder.version, flags, quality)
