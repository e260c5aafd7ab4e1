"""`jpegpre simulate`: what a picture will look like as JPEG, and how large the file will be."""

import argparse
import json
from collections.abc import Callable

from PIL import Image

from jpegpre_tf import jpeg
from jpegpre_tf.cli.common.arguments import shared_arguments
from jpegpre_tf.cli.common.output.units import format_size
from jpegpre_tf.cli.common.png_output import end_line, open_input, print_notes, save_png
from jpegpre_tf.cli.common.process.interrupt import tell_of_output
from jpegpre_tf.cli.common.process.quiet import allow_pixels, quiet_pillow
from jpegpre_tf.cli.common.process.standard_streams import standard_paths
from jpegpre_tf.jpeg.codec import HUFFMAN_MODES
from jpegpre_tf.jpeg.transform.resample import FACTORS
from jpegpre_tf.storage.names import printable_path


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declares the verb's arguments."""
    parser.add_argument("input", metavar="IN", help="a picture file; - is stdin")
    parser.add_argument(
        "-o", "--output", required=True, metavar="OUT.png", help="PNG file to write; - is stdout"
    )
    shared_arguments.add_quality_argument(parser)
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
    shared_arguments.add_reading_arguments(parser)
    shared_arguments.add_quiet_argument(parser)
    shared_arguments.add_json_argument(parser, "one JSON object")


def tell_when_interrupted(arguments: argparse.Namespace) -> Callable[[], str]:
    """What is there after Ctrl-C."""
    return tell_of_output(arguments.output)


def run(arguments: argparse.Namespace) -> int:
    """Writes the decoded picture, prints the predicted size; returns 0."""
    quiet_pillow()
    allow_pixels(arguments.max_pixels)
    shared_arguments.check_suffix(arguments.output, (".png",), "PNG")
    quality = shared_arguments.chosen_quality(arguments)
    with standard_paths(arguments.input, arguments.output, ".png", has_json=arguments.json) as (
        source,
        target,
    ):
        picture = open_input(source, arguments)
        pixels = picture.pixels[..., 0] if picture.is_gray else picture.pixels
        coefficients = jpeg.encode_coefficients(pixels, quality, arguments.subsampling)
        size_bytes = jpeg.file_size(coefficients, arguments.huffman)
        decoded = Image.fromarray(jpeg.decode(coefficients))
        save_png(decoded, picture, source, target)
    print_notes(picture, arguments, "simulate")
    rate_bpp = 8 * size_bytes / (decoded.width * decoded.height)
    if arguments.json:
        description = {
            "input": arguments.input,
            "output": arguments.output,
            "width": decoded.width,
            "height": decoded.height,
            "quality": quality,
            "subsampling": arguments.subsampling,
            "huffman": arguments.huffman,
            "size_bytes": size_bytes,
            "rate_bpp": rate_bpp,
            "notes": list(picture.notes),
        }
        print(json.dumps(description))
    else:
        line = (
            f"wrote '{printable_path(arguments.output)}', {decoded.width}x{decoded.height}; as JPEG at quality "
            f"{quality} {format_size(size_bytes)} ({size_bytes} bytes) without metadata, {rate_bpp:.3f} bpp"
        )
        end_line(arguments, line)
    return 0
