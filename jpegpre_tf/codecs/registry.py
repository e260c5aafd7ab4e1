"""Encoders by name, as the command line and the reports call them."""

from collections.abc import Callable

from jpegpre_tf.codecs.base import Encoder
from jpegpre_tf.codecs.command import CommandEncoder
from jpegpre_tf.codecs.jpegli import Jpegli
from jpegpre_tf.codecs.libjpeg_turbo import LibjpegTurbo
from jpegpre_tf.codecs.mozjpeg import MozJPEG
from jpegpre_tf.codecs.webp import WebP
from jpegpre_tf.errors import UsageError

_ENCODERS: dict[str, Callable[[], Encoder]] = {
    "libjpeg-turbo": LibjpegTurbo,
    "libjpeg-turbo-standard": lambda: LibjpegTurbo(optimize=False),
    "libjpeg-turbo-progressive": lambda: LibjpegTurbo(progressive=True),
    "libjpeg-turbo-444": lambda: LibjpegTurbo(subsampling="4:4:4"),
    "mozjpeg": MozJPEG,
    "mozjpeg-trellis": lambda: MozJPEG(tables="annex-k"),
    "jpegli": Jpegli,
    "webp": WebP,
}


def encoder_names() -> list[str]:
    """Names that `get_encoder` takes."""
    return list(_ENCODERS)


def get_encoder(name: str) -> Encoder:
    """Returns the encoder called `name`, or the one of a command line with {in}, {out} and {quality}.

    Raises:
        UsageError: If there is no encoder of that name, or the command line is not one.
        MissingExtraError: If its package is not installed.
    """
    if "{" in name:
        return CommandEncoder(name)
    if name not in _ENCODERS:
        raise UsageError(f"no encoder {name!r}; there are: {', '.join(_ENCODERS)}")
    return _ENCODERS[name]()
