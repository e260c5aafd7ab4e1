"""What `evaluate` and `compare` have in common: which encoder writes, which ones are compared with."""

import argparse
from dataclasses import dataclass

from jpegpre_tf.cli.common.output.messages import print_note
from jpegpre_tf.errors import UsageError

WRITER = "libjpeg-turbo"
# As `jpegpre_tf.evaluation.writing.profiles.WRITE_PATHS`, which would need NumPy to print a help text.
PATHS = ("carrier", "edit", "edit-standard")


@dataclass(frozen=True)
class EncoderRoles:
    """Which encoder does what.

    Attributes:
        writer: Name of the encoder that writes, behind models and filters.
        against: Names of encoders to compare with, on untouched pixels.
    """

    writer: str
    against: tuple[str, ...]


def add_encoder_roles(parser: argparse.ArgumentParser) -> None:
    """Adds --encoder, --path and the old --through."""
    parser.add_argument(
        "--encoder",
        action="append",
        default=[],
        metavar="E",
        help="the encoder that writes, behind models and filters: a name, or a command line with {in}, {out} and "
        f"{{quality}} (default {WRITER})",
    )
    parser.add_argument("--through", metavar="E", help=argparse.SUPPRESS)
    parser.add_argument(
        "--path",
        choices=PATHS,
        help="how a model's decisions reach the file: by carrier with tuned tables; as edited pixels, for the "
        "encoder's tables or for libjpeg's (default: as `jpegpre encode` does)",
    )


def choose_encoder_roles(arguments: argparse.Namespace, against: list[str]) -> EncoderRoles:
    """Returns the roles, and prints a note where an option has the meaning of version 0.1.

    Args:
        arguments: Parsed arguments with `encoder`, `through`, `profile` and `filter`.
        against: Encoders that were named by --against.

    Raises:
        UsageError: If several encoders are to write.
    """
    writers = list(arguments.encoder)
    has_source = bool(arguments.profile or arguments.filter)
    if writers and (not has_source or arguments.through):
        print_note("--encoder E as an encoder to compare with is now --against E; taken as that")
        against, writers = [*against, *writers], []
    if arguments.through:
        print_note("--through is now --encoder, the encoder that writes; taken as that")
        writers.append(arguments.through)
    if len(writers) > 1:
        raise UsageError(
            f"one encoder writes; encoders to compare with are --against. Received: --encoder {' '.join(writers)}"
        )
    return EncoderRoles(writers[0] if writers else WRITER, tuple(dict.fromkeys(against)))
