"""The choice of an encoder for `jpegpre encode`."""

import argparse

from jpegpre_tf.codecs.base import Encoder
from jpegpre_tf.errors import UsageError

DEFAULT_ENCODER = "libjpeg-turbo"
ENCODERS = (DEFAULT_ENCODER, "mozjpeg", "jpegli")


def add_encoder_argument(parser: argparse.ArgumentParser) -> None:
    """Adds --encoder."""
    parser.add_argument(
        "--encoder",
        choices=ENCODERS,
        default=DEFAULT_ENCODER,
        help="what writes the files: mozjpeg and jpegli need the extra evaluate. Models are trained for the plain "
        "encoder, before others they win less and cost colour, docs/profiles.md says when not to stack; "
        "--strength 0 leaves them out (default: %(default)s)",
    )


def other_encoder(name: str, subsampling: str) -> Encoder | None:
    """Returns the encoder called so, None for the plain one, which is built in.

    Raises:
        UsageError: If it cannot write this subsampling.
        MissingExtraError: If its package is not installed.
    """
    if name == DEFAULT_ENCODER:
        return None
    can = ("4:2:0", "4:4:4") if name == "mozjpeg" else ("4:2:0",)
    if subsampling not in can:
        raise UsageError(f"--encoder {name} writes {' or '.join(can)}. Received: --subsampling {subsampling}")
    from jpegpre_tf.codecs import Jpegli, MozJPEG

    return MozJPEG(subsampling=subsampling) if name == "mozjpeg" else Jpegli()
