"""What the verbs that make one PNG file of one picture share."""

import argparse
import io
from pathlib import Path

from PIL import Image, PngImagePlugin

from jpegpre_tf import runtime
from jpegpre_tf.cli.common.output.messages import print_line, print_note
from jpegpre_tf.cli.common.output.table import print_paragraph
from jpegpre_tf.cli.common.process.standard_streams import STANDARD
from jpegpre_tf.storage.atomic import file_mode
from jpegpre_tf.storage.names import printable, printable_path


def open_input(source: Path, arguments: argparse.Namespace) -> runtime.Picture:
    """Returns the picture, read as --background, --color and --max-pixels say.

    Raises:
        PictureError: If it cannot be read.
    """
    return runtime.open_picture(
        source,
        max_pixels=arguments.max_pixels,
        background=arguments.background,
        color=arguments.color,
    )


def save_png(
    image: Image.Image,
    picture: runtime.Picture,
    source: Path,
    target: Path,
    info: PngImagePlugin.PngInfo | None = None,
) -> None:
    """Writes the pixels with what travels along with `picture`, for those who may read `source`.

    Raises:
        OutputError: If it cannot be written.
    """
    carried: dict[str, object] = {
        "exif": picture.metadata.exif,
        "icc_profile": picture.metadata.icc,
        "dpi": picture.density,
    }
    carried["pnginfo"] = info
    file = io.BytesIO()
    image.save(file, "PNG", **{name: value for name, value in carried.items() if value})
    runtime.write_atomically(target, file.getvalue(), file_mode(source))


def print_notes(picture: runtime.Picture, arguments: argparse.Namespace, verb: str) -> None:
    """Says what of the input is not in the output."""
    for note in () if arguments.quiet else picture.notes:
        print_note(f"'{printable_path(arguments.input)}': {note}", verb)


def end_line(arguments: argparse.Namespace, line: str) -> None:
    """Prints the verb's last line, on stderr where the file went to stdout."""
    if not arguments.quiet:
        (print_line if arguments.output == STANDARD else print_paragraph)(printable(line))
