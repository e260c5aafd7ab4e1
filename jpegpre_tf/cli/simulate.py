"""`jpegpre simulate`: what a picture will look like as JPEG, and how large the file will be."""

import argparse
import io
import json
import sys
from pathlib import Path

from PIL import Image

from jpegpre_tf import jpeg, runtime
from jpegpre_tf.cli.common import shared_arguments
from jpegpre_tf.cli.common.plan import refuse_overwriting
from jpegpre_tf.cli.common.quiet import quiet_pillow
from jpegpre_tf.errors import UsageError
from jpegpre_tf.jpeg.codec import HUFFMAN_MODES
from jpegpre_tf.jpeg.resample import FACTORS
from jpegpre_tf.storage.names import shown


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declares the verb's arguments."""
    parser.add_argument("input", metavar="IN", help="a picture file")
    parser.add_argument("-o", "--output", required=True, metavar="OUT.png", help="PNG file to write")
    parser.add_argument(
        "--quality", type=shared_arguments.quality, required=True, metavar="Q", help="JPEG quality, 1 to 100"
    )
    parser.add_argument(
        "--subsampling",
        choices=sorted(FACTORS),
        default="4:2:0",
        help="of chroma (default: %(default)s, as phones and browsers write)",
    )
    parser.add_argument(
        "--huffman",
        choices=HUFFMAN_MODES,
        default="optimized",
        help="tables of the predicted file: made for it, or the standard's (default: %(default)s)",
    )
    shared_arguments.add_json_argument(parser, "one JSON object")


def run(arguments: argparse.Namespace) -> int:
    """Writes the decoded picture, prints the predicted size; returns 0."""
    quiet_pillow()
    source, target = Path(arguments.input), Path(arguments.output)
    if target.suffix.lower() != ".png":
        raise UsageError(f"output is PNG: expected a .png file. Received: -o '{shown(target)}'")
    refuse_overwriting(source, target)
    picture = runtime.open_picture(source)
    pixels = picture.pixels[..., 0] if picture.is_grey else picture.pixels
    coefficients = jpeg.encode_coefficients(pixels, arguments.quality, arguments.subsampling)
    size_bytes = jpeg.file_size(coefficients, arguments.huffman)
    decoded = Image.fromarray(jpeg.decode(coefficients))
    carried = {"exif": picture.metadata.exif, "icc_profile": picture.metadata.icc, "dpi": picture.density}
    file = io.BytesIO()
    decoded.save(file, "PNG", **{name: value for name, value in carried.items() if value})
    runtime.write_atomically(target, file.getvalue())
    for note in picture.notes:
        print(f"jpegpre simulate: note: '{shown(source)}': {note}", file=sys.stderr)
    rate_bpp = 8 * size_bytes / (decoded.width * decoded.height)
    if arguments.json:
        description = {
            "input": str(source),
            "output": str(target),
            "width": decoded.width,
            "height": decoded.height,
            "quality": arguments.quality,
            "subsampling": arguments.subsampling,
            "huffman": arguments.huffman,
            "size_bytes": size_bytes,
            "rate_bpp": rate_bpp,
            "notes": list(picture.notes),
        }
        print(json.dumps(description))
    else:
        print(
            f"wrote '{shown(target)}', {decoded.width}x{decoded.height}; as JPEG at quality "
            f"{arguments.quality} {size_bytes} bytes without metadata, {rate_bpp:.3f} bpp"
        )
    return 0
