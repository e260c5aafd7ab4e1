"""`jpegpre preprocess`: the edited pixels of one picture, lossless, for an encoder of your own."""

import argparse
import io
import json
import sys
from pathlib import Path

from PIL import Image

from jpegpre_tf import runtime
from jpegpre_tf.cli.common import shared_arguments
from jpegpre_tf.cli.common.plan import refuse_overwriting
from jpegpre_tf.cli.common.quiet import quiet_pillow
from jpegpre_tf.cli.common.session import load_profile
from jpegpre_tf.errors import UsageError
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
    shared_arguments.add_profile_arguments(parser)
    shared_arguments.add_json_argument(parser, "one JSON object")


def run(arguments: argparse.Namespace) -> int:
    """Writes the edited picture; returns 0."""
    quiet_pillow()
    source, target = Path(arguments.input), Path(arguments.output)
    if target.suffix.lower() != ".png":
        raise UsageError(f"output is PNG: expected a .png file. Received: -o '{shown(target)}'")
    refuse_overwriting(source, target)
    session = load_profile(arguments.profile, arguments.quality)
    picture = runtime.open_picture(source)
    edited = Image.fromarray(session(picture.pixels, arguments.quality, arguments.strength))
    if picture.is_grey:
        edited = edited.convert("L")
    carried = {"exif": picture.metadata.exif, "icc_profile": picture.metadata.icc, "dpi": picture.density}
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
            "quality": arguments.quality,
            "profile": arguments.profile,
            "strength": arguments.strength,
            "notes": list(picture.notes),
        }
        print(json.dumps(description))
    else:
        print(
            f"wrote '{shown(target)}', {edited.width}x{edited.height}, for JPEG quality {arguments.quality}"
        )
    return 0
