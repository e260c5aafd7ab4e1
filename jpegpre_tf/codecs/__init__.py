"""Real encoders behind one interface: libjpeg-turbo, MozJPEG, jpegli, WebP. No TensorFlow here."""

from jpegpre_tf.codecs.base import Encoded, Encoder, decode
from jpegpre_tf.codecs.jpegli import Jpegli
from jpegpre_tf.codecs.libjpeg_turbo import LibjpegTurbo
from jpegpre_tf.codecs.mozjpeg import MozJPEG
from jpegpre_tf.codecs.registry import encoder_names, get_encoder
from jpegpre_tf.codecs.webp import WebP

__all__ = [
    "Encoded",
    "Encoder",
    "Jpegli",
    "LibjpegTurbo",
    "MozJPEG",
    "WebP",
    "decode",
    "encoder_names",
    "get_encoder",
]
