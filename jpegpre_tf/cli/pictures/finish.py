"""`jpegpre finish`: an encoded carrier becomes the file that was decided."""

import argparse
import json
from pathlib import Path

from PIL import Image

from jpegpre_tf import runtime
from jpegpre_tf.cli.common.arguments import shared_arguments
from jpegpre_tf.cli.common.plan import refuse_overwriting
from jpegpre_tf.cli.common.process.quiet import quiet_pillow
from jpegpre_tf.errors import PictureError
from jpegpre_tf.runtime.encoding.carriers.carrier_png import read_carrier
from jpegpre_tf.storage.names import printable_path


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declares the verb's arguments."""
    parser.add_argument("encoded", metavar="ENCODED.jpg", help="what your encoder made of the carrier")
    parser.add_argument(
        "--carrier", required=True, metavar="CARRIER.png", help="the file of `jpegpre preprocess --carrier`"
    )
    parser.add_argument("-o", "--output", required=True, metavar="OUT.jpg", help="JPEG file to write")
    shared_arguments.add_json_argument(parser, "one JSON object")


def run(arguments: argparse.Namespace) -> int:
    """Writes the finished file; returns 0."""
    quiet_pillow()
    shared_arguments.check_suffix(arguments.output, (".jpg", ".jpeg"), "JPEG")
    encoded, planned, target = Path(arguments.encoded), Path(arguments.carrier), Path(arguments.output)
    for source in (encoded, planned):
        refuse_overwriting(source, target)
    content = _finish(encoded, _read_carrier(planned))
    runtime.write_atomically(target, content)
    if arguments.json:
        description = {
            "input": str(encoded),
            "carrier": str(planned),
            "output": str(target),
            "size_bytes": len(content),
        }
        print(json.dumps(description))
    else:
        print(f"wrote '{printable_path(target)}', {len(content):,} bytes")
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
