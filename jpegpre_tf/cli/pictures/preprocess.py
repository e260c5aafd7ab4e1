"""`jpegpre preprocess`: the edited pixels or the carrier of one picture, lossless, for an encoder of your own."""

import argparse
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image

from jpegpre_tf import runtime
from jpegpre_tf.cli.common.arguments import shared_arguments
from jpegpre_tf.cli.common.output.messages import print_note
from jpegpre_tf.cli.common.png_output import end_line, open_input, print_notes, save_png
from jpegpre_tf.cli.common.process.interrupt import tell_of_output
from jpegpre_tf.cli.common.process.quiet import allow_pixels, quiet_pillow
from jpegpre_tf.cli.common.process.standard_streams import standard_paths
from jpegpre_tf.cli.common.session import load_profile
from jpegpre_tf.errors import UsageError
from jpegpre_tf.runtime.encoding.carriers.carrier_png import carrier_info
from jpegpre_tf.runtime.encoding.carriers.encoder_tables import tables_of_file
from jpegpre_tf.storage.names import printable_path


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declares the verb's arguments."""
    parser.add_argument("input", metavar="IN", help="a picture file; - is stdin")
    parser.add_argument(
        "-o", "--output", required=True, metavar="OUT.png", help="PNG file to write; - is stdout"
    )
    shared_arguments.add_quality_argument(parser, "JPEG quality that your encoder will be given")
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
    shared_arguments.add_reading_arguments(parser)
    shared_arguments.add_quiet_argument(parser)
    shared_arguments.add_json_argument(parser, "one JSON object")


def tell_when_interrupted(arguments: argparse.Namespace) -> Callable[[], str]:
    """What is there after Ctrl-C."""
    return tell_of_output(arguments.output)


def run(arguments: argparse.Namespace) -> int:
    """Writes the edited picture; returns 0."""
    quiet_pillow()
    allow_pixels(arguments.max_pixels)
    shared_arguments.check_suffix(arguments.output, (".png",), "PNG")
    if arguments.encoder_tables and not arguments.carrier:
        raise UsageError("--encoder-tables needs --carrier")
    asked = shared_arguments.chosen_quality(arguments)
    quality: int | None = asked
    with standard_paths(arguments.input, arguments.output, ".png", has_json=arguments.json) as (
        source,
        target,
    ):
        session = load_profile(
            arguments.profile,
            asked,
            precision=arguments.precision,
            backend=arguments.backend,
            is_quiet=arguments.quiet,
        )
        picture = open_input(source, arguments)
        info = edit_reason = None
        if arguments.carrier:
            carrier = _make_carrier(session, picture, arguments, asked)
            edited, quality = Image.fromarray(carrier.pixels), carrier.quality
            info = carrier_info(carrier)
            edit_reason = carrier.edit_reason
            if edit_reason is not None and not arguments.quiet:
                name = printable_path(arguments.input)
                print_note(
                    f"'{name}': without --carrier the file will be better: {edit_reason}", "preprocess"
                )
        else:
            edited = Image.fromarray(session(picture.pixels, asked, arguments.strength))
            if picture.is_gray:
                edited = edited.convert("L")
        save_png(edited, picture, source, target, info)
    print_notes(picture, arguments, "preprocess")
    if arguments.json:
        description = {
            "input": arguments.input,
            "output": arguments.output,
            "width": edited.width,
            "height": edited.height,
            "quality": quality,
            "profile": arguments.profile,
            "strength": arguments.strength,
            "notes": list(picture.notes),
            "edit_reason": edit_reason,
        }
        print(json.dumps(description))
    else:
        at = f"for JPEG quality {quality}" if quality is not None else "for the tables of the encoder's file"
        end_line(
            arguments, f"wrote '{printable_path(arguments.output)}', {edited.width}x{edited.height}, {at}"
        )
    return 0


def _make_carrier(
    session: runtime.Session, picture: runtime.Picture, arguments: argparse.Namespace, quality: int
) -> runtime.Carrier:
    if arguments.strength > 0 and not session.can_decide:
        raise UsageError(
            f"profile {arguments.profile!r} can only edit pixels: expected --strength 0 with --carrier"
        )
    pixels = picture.pixels
    if picture.is_gray:
        pixels = np.asarray(Image.fromarray(pixels).convert("L"))
    if arguments.encoder_tables is None:
        return session.carrier(pixels, quality, arguments.strength)
    path = Path(arguments.encoder_tables)
    try:
        tables = tables_of_file(path.read_bytes())
    except OSError as error:
        raise UsageError(f"cannot read '{printable_path(path)}': {error.strerror}") from error
    except ValueError as error:
        raise UsageError(f"'{printable_path(path)}': {error}") from error
    return session.carrier(pixels, quality, arguments.strength, encoder_tables=tables)
