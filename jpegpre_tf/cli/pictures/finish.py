"""`jpegpre finish`: an encoded carrier becomes the file that was decided."""

import argparse
import json
from collections.abc import Callable
from pathlib import Path

from PIL import Image

from jpegpre_tf import runtime
from jpegpre_tf.cli.common.arguments import shared_arguments
from jpegpre_tf.cli.common.plan import refuse_overwriting
from jpegpre_tf.cli.common.png_output import end_line
from jpegpre_tf.cli.common.process.interrupt import tell_of_output
from jpegpre_tf.cli.common.process.quiet import quiet_pillow
from jpegpre_tf.cli.common.process.standard_streams import standard_paths
from jpegpre_tf.errors import PictureError
from jpegpre_tf.runtime.encoding.carriers.carrier_png import read_carrier
from jpegpre_tf.storage.names import printable_path


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declares the verb's arguments."""
    parser.add_argument(
        "encoded", metavar="ENCODED.jpg", help="what your encoder made of the carrier; - is stdin"
    )
    parser.add_argument(
        "--carrier", required=True, metavar="CARRIER.png", help="the file of `jpegpre preprocess --carrier`"
    )
    parser.add_argument(
        "-o", "--output", required=True, metavar="OUT.jpg", help="JPEG file to write; - is stdout"
    )
    shared_arguments.add_quiet_argument(parser)
    shared_arguments.add_json_argument(parser, "one JSON object")


def tell_when_interrupted(arguments: argparse.Namespace) -> Callable[[], str]:
    """What is there after Ctrl-C."""
    return tell_of_output(arguments.output)


def run(arguments: argparse.Namespace) -> int:
    """Writes the finished file; returns 0."""
    quiet_pillow()
    shared_arguments.check_suffix(arguments.output, (".jpg", ".jpeg"), "JPEG")
    planned = Path(arguments.carrier)
    with standard_paths(arguments.encoded, arguments.output, ".jpg", has_json=arguments.json) as (
        encoded,
        target,
    ):
        refuse_overwriting(planned, target)
        content = _finish(encoded, _read_carrier(planned))
        runtime.write_atomically(target, content)
    if arguments.json:
        description = {
            "input": arguments.encoded,
            "carrier": arguments.carrier,
            "output": arguments.output,
            "size_bytes": len(content),
        }
        print(json.dumps(description))
    else:
        end_line(arguments, f"wrote '{printable_path(arguments.output)}', {len(content):,} bytes")
    return 0


def _read_carrier(path: Path) -> runtime.Carrier:
    try:
        with Image.open(path, formats=("PNG",)) as image:
            return read_carrier(image)
    except OSError as error:
        raise PictureError(
            f"cannot read '{printable_path(path)}': {error.strerror or 'not a PNG file'}"
        ) from error
    except (ValueError, SyntaxError) as error:
        raise PictureError(f"'{printable_path(path)}': {error}") from error


def _finish(path: Path, carrier: runtime.Carrier) -> bytes:
    try:
        content = path.read_bytes()
        finished = carrier.finish(content)
        carrier.check_picture(content)
        return finished
    except OSError as error:
        raise PictureError(f"cannot read '{printable_path(path)}': {error.strerror}") from error
    except ValueError as error:
        raise PictureError(f"'{printable_path(path)}': {error}") from error
