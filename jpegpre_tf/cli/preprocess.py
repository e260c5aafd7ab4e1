"""`jpegpre preprocess`: the edited pixels of one picture, lossless, for an encoder of your own."""

import argparse
import json

from PIL import Image

from jpegpre_tf.cli.common import shared_arguments
from jpegpre_tf.cli.common.png_output import end_line, open_input, print_notes, save_png
from jpegpre_tf.cli.common.quiet import allow_pixels, quiet_pillow
from jpegpre_tf.cli.common.session import load_profile
from jpegpre_tf.cli.common.standard_streams import standard_paths
from jpegpre_tf.storage.names import printable_path


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declares the verb's arguments."""
    parser.add_argument("input", metavar="IN", help="a picture file; - is stdin")
    parser.add_argument(
        "-o", "--output", required=True, metavar="OUT.png", help="PNG file to write; - is stdout"
    )
    shared_arguments.add_quality_argument(parser, "JPEG quality that your encoder will be given")
    shared_arguments.add_profile_arguments(parser)
    shared_arguments.add_reading_arguments(parser)
    shared_arguments.add_quiet_argument(parser)
    shared_arguments.add_json_argument(parser, "one JSON object")


def run(arguments: argparse.Namespace) -> int:
    """Writes the edited picture; returns 0."""
    quiet_pillow()
    allow_pixels(arguments.max_pixels)
    shared_arguments.check_suffix(arguments.output, (".png",), "PNG")
    quality = shared_arguments.chosen_quality(arguments)
    with standard_paths(arguments.input, arguments.output, ".png", has_json=arguments.json) as (
        source,
        target,
    ):
        session = load_profile(
            arguments.profile, quality, precision=arguments.precision, is_quiet=arguments.quiet
        )
        picture = open_input(source, arguments)
        edited = Image.fromarray(session(picture.pixels, quality, arguments.strength))
        if picture.is_grey:
            edited = edited.convert("L")
        save_png(edited, picture, source, target)
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
        }
        print(json.dumps(description))
    else:
        name = printable_path(arguments.output)
        end_line(arguments, f"wrote '{name}', {edited.width}x{edited.height}, for JPEG quality {quality}")
    return 0
