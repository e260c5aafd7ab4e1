"""Entry point of `jpegpre`: finds the verb, runs it, turns errors into one line and an exit code.

Exit codes: 0 ok, 1 some picture or the run failed, 2 bad usage.
"""

import argparse
import importlib
import os
import sys
from collections.abc import Sequence
from typing import NoReturn

from jpegpre_tf._optional import MissingExtraError
from jpegpre_tf._version import __version__
from jpegpre_tf.errors import JpegpreError, UnknownModelError, UsageError

# Verb -> one-line help. Each lives in `jpegpre_tf/cli/<verb with _>.py`, which defines
# `add_arguments(parser)` and `run(arguments) -> int`. Only the chosen verb's module is imported,
# so that `--help` and `encode` start at once.
VERBS: dict[str, str] = {
    "encode": "encode pictures as smaller JPEG files",
    "batch": "encode an archive: folders or object storage, many workers, a manifest",
    "preprocess": "write the edited pixels of one picture, lossless",
    "finish": "give an encoded carrier the tables and the size of its file",
    "simulate": "write what a picture looks like as JPEG; print the size of the file",
    "evaluate": "measure BD-rates on a folder of pictures with real encoders; writes a report",
    "optimize": "search the best pixels of one picture, slowly, for a file served many times",
    "compare": "write a page with a before/after wipe of one picture at equal file size",
    "train": "train a preprocessor on a folder of pictures",
    "train-tables": "learn quantization tables, for a network as it is or for none",
    "export": "write a trained model as TFLite and ONNX, checked against Keras",
    "train-simulator": "train a network that does to a picture what an encoder does",
    "train-rate": "train a network that tells how many bits an encoder takes",
    "models": "list the shipped models",
    "demo": "serve the browser page on this machine",
}


def _module_name(verb: str) -> str:
    return "jpegpre_tf.cli." + verb.replace("-", "_")


class _Parser(argparse.ArgumentParser):
    """Reports a wrong argument in one line; argparse puts the whole usage before it."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self.prog}: error: {message} (see {self.prog} --help)\n")


def build_parser(verb: str | None) -> argparse.ArgumentParser:
    """Returns the parser, with the full arguments of `verb` only (None: of no verb)."""
    parser = _Parser(
        prog="jpegpre",
        description="Make ordinary JPEG files smaller at the same look: edit pixels before the encoder.",
    )
    parser.add_argument("--version", action="version", version=f"jpegpre {__version__}")
    verbs = parser.add_subparsers(dest="verb", metavar="VERB", required=True)
    for name, summary in VERBS.items():
        sub = verbs.add_parser(name, help=summary, description=summary)
        if name == verb:
            importlib.import_module(_module_name(name)).add_arguments(sub)
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the command with `argv` (default: the process's arguments) and returns its exit code."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    verb = next((word for word in arguments if word in VERBS), None)
    try:
        parsed = build_parser(verb).parse_args(arguments)
        return int(importlib.import_module(_module_name(parsed.verb)).run(parsed))
    except SystemExit as exit_request:  # argparse: 0 after --help, 2 after a usage error
        return int(exit_request.code or 0)
    except (UsageError, UnknownModelError) as error:
        print(f"jpegpre: error: {error}", file=sys.stderr)
        return 2
    except (JpegpreError, MissingExtraError) as error:
        print(f"jpegpre: error: {error}", file=sys.stderr)
        return 1
    except MemoryError:
        print("jpegpre: error: not enough memory", file=sys.stderr)
        return 1
    except BrokenPipeError:
        # The reader of our output went away (`| head`); nothing is left to say, not even at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except KeyboardInterrupt:
        print("jpegpre: interrupted", file=sys.stderr)
        return 130
