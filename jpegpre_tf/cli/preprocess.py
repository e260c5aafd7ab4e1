"""`jpegpre preprocess`: the edited pixels or the carrier of one picture, lossless, for an encoder of your own."""

import argparse
import io
import json
import sys
from pathlib import Path

import numpy as np
from PIL import Image

from jpegpre_tf import runtime
from jpegpre_tf.cli.common import shared_arguments
from jpegpre_tf.cli.common.plan import refuse_overwriting
from jpegpre_tf.cli.common.quiet import quiet_pillow
from jpegpre_tf.cli.common.session import load_profile
from jpegpre_tf.errors import UsageError
from jpegpre_tf.runtime.encoding.carrier_png import carrier_info
from jpegpre_tf.runtime.encoding.encoder_tables import tables_of_file
from jpegpre_tf.storage.names import shown


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declares the verb's arguments."""
    parser.add_argument("input", metavar="IN", help="a picture file")
    parser.add_argument("-o", "--output", required=True, metavar="OUT.png", help="PNG file to write")
    parser.add_argument(
        "--quality",
        type=shared_arguments.quality,
        required=True,
        metavar="Q",
        help="JPEG quality, 1 to 100, that your encoder will be given",
    )
    parser.add_argument(
        "--carrier",
        action="store_true",
        help="write the carrier: encode it at the quality that is printed, 4:2:0, then run `jpegpre finish`",
    )
    parser.add_argument(
        "--encoder-tables",
        metavar="FILE.jpg",
        help="with --carrier: a JPEG file that your encoder wrote; the carrier is made for its tables, and your "
        "encoder must be set as for that file (default: libjpeg's tables)",
    )
    shared_arguments.add_profile_arguments(parser)
    shared_arguments.add_json_argument(parser, "one JSON object")


def run(arguments: argparse.Namespace) -> int:
    """Writes the edited picture; returns 0."""
    quiet_pillow()
    source, target = Path(arguments.input), Path(arguments.output)
    if target.suffix.lower() != ".png":
        raise UsageError(f"output is PNG: expected a .png file. Received: -o '{shown(target)}'")
    refuse_overwriting(source, target)
    if arguments.encoder_tables and not arguments.carrier:
        raise UsageError("--encoder-tables needs --carrier")
    session = load_profile(arguments.profile, arguments.quality)
    picture = runtime.open_picture(source)
    carried = {"exif": picture.metadata.exif, "icc_profile": picture.metadata.icc, "dpi": picture.density}
    quality: int | None = arguments.quality
    if arguments.carrier:
        carrier = _make_carrier(session, picture, arguments)
        edited, quality = Image.fromarray(carrier.pixels), carrier.quality
        carried["pnginfo"] = carrier_info(carrier)
    else:
        edited = Image.fromarray(session(picture.pixels, arguments.quality, arguments.strength))
        if picture.is_grey:
            edited = edited.convert("L")
    file = io.BytesIO()
    edited.save(file, "PNG", **{name: value for name, value in carried.items() if value})
    runtime.write_atomically(target, file.getvalue())
    for note in picture.notes:
        print(f"jpegpre preprocess: note: '{shown(source)}': {note}", file=sys.stderr)
    if arguments.json:
        description = {
            "input": str(source),
            "output": str(target),
            "width": edited.width,
            "height": edited.height,
            "quality": quality,
            "profile": arguments.profile,
            "strength": arguments.strength,
            "notes": list(picture.notes),
        }
        print(json.dumps(description))
    else:
        at = f"for JPEG quality {quality}" if quality is not None else "for the tables of the encoder's file"
        print(f"wrote '{shown(target)}', {edited.width}x{edited.height}, {at}")
    return 0


def _make_carrier(
    session: runtime.Session, picture: runtime.Picture, arguments: argparse.Namespace
) -> runtime.Carrier:
    if arguments.strength > 0 and not session.can_decide:
        raise UsageError(
            f"profile {arguments.profile!r} can only edit pixels: expected --strength 0 with --carrier"
        )
    pixels = picture.pixels
    if picture.is_grey:
        pixels = np.asarray(Image.fromarray(pixels).convert("L"))
    if arguments.encoder_tables is None:
        return session.carrier(pixels, arguments.quality, arguments.strength)
    path = Path(arguments.encoder_tables)
    try:
        tables = tables_of_file(path.read_bytes())
    except OSError as error:
        raise UsageError(f"cannot read '{shown(path)}': {error.strerror}") from error
    except ValueError as error:
        raise UsageError(f"'{shown(path)}': {error}") from error
    return session.carrier(pixels, arguments.quality, arguments.strength, encoder_tables=tables)
