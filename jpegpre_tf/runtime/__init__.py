"""Light inference without TensorFlow: models, sessions, picture files.

from jpegpre_tf import runtime

preprocess = runtime.load("balanced")
picture = runtime.open_picture("photo.png")
edited = preprocess(picture.pixels, quality=75)
"""

from jpegpre_tf.runtime.encoding.encode import encode_bytes, encode_file
from jpegpre_tf.runtime.encoding.jpeg_file import encode_jpeg
from jpegpre_tf.runtime.encoding.options import EncodeOptions
from jpegpre_tf.runtime.encoding.result import EncodeResult
from jpegpre_tf.runtime.inference.carrier import Carrier
from jpegpre_tf.runtime.inference.load import load
from jpegpre_tf.runtime.inference.models.model_folder import ModelFolder, find_model, shipped_models
from jpegpre_tf.runtime.inference.session import Session
from jpegpre_tf.runtime.pages.compare_page import ComparePage
from jpegpre_tf.runtime.pictures.limits import Limits
from jpegpre_tf.runtime.pictures.metadata.metadata import Metadata
from jpegpre_tf.runtime.pictures.picture import Picture, open_picture
from jpegpre_tf.runtime.pictures.psnr import psnr_db
from jpegpre_tf.storage.atomic import replace_original, write_atomically

__all__ = [
    "Carrier",
    "ComparePage",
    "EncodeOptions",
    "EncodeResult",
    "Limits",
    "Metadata",
    "ModelFolder",
    "Picture",
    "Session",
    "encode_bytes",
    "encode_file",
    "encode_jpeg",
    "find_model",
    "load",
    "open_picture",
    "psnr_db",
    "replace_original",
    "shipped_models",
    "write_atomically",
]
