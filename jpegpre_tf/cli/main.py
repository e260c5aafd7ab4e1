"""Entry point of `jpegpre`: finds the verb, runs it, turns errors into one line and an exit code.

Exit codes: see `EXIT_CODES` of cli/common/arguments/verbs.py and docs/cli.md.
"""

import argparse
import contextlib
import importlib
import os
import re
import sys
import traceback
from collections.abc import Callable, Sequence

from jpegpre_tf._optional import KerasBackendError, MissingExtraError
from jpegpre_tf._version import __version__
from jpegpre_tf.cli.common.arguments.parser import HelpFormatter, Parser, add_verb_help, did_you_mean
from jpegpre_tf.cli.common.arguments.verbs import ROOMS, VERBS
from jpegpre_tf.cli.common.output.messages import print_error, print_line
from jpegpre_tf.cli.common.process.interrupt import (
    INTERRUPTED_CODE,
    ends_at_once,
    leave_interrupted,
)
from jpegpre_tf.cli.common.process.streams import (
    abandon_stdout,
    flush_stdout,
    prepare_streams,
    silence_stderr,
)
from jpegpre_tf.errors import JpegpreError, UnknownModelError, UsageError, first_line
from jpegpre_tf.storage.errors import printable_url

__all__ = ["VERBS", "build_parser", "main"]

# With this in the environment, what nobody foresaw is shown with its traceback.
_TRACEBACK = "JPEGPRE_TRACEBACK"
# Those without a verb.
_OPTIONS = ("--help", "--version")
# A value that argparse takes for the end of the options, and leaves out.
_NO_VALUE = re.compile(r"(--[a-z-]+)=--|(-[a-z])--")
# Verbs that read and write files alone.
_LOCAL = {"encode", "preprocess", "finish", "simulate", "evaluate", "optimize", "compare"}
_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+://")
_ARGUMENT = re.compile(r"`\w+` .*Received: ")


def _module_name(verb: str) -> str:
    # Each verb is a module, of a room or of `jpegpre_tf.cli` itself, with `add_arguments(parser)` and
    # `run(arguments) -> int`. Only the chosen verb's module is imported, so that `--help` and `encode` start at once.
    rooms = [f"{room}." for room, verbs in ROOMS.items() if verb in verbs]
    return "jpegpre_tf.cli." + "".join(rooms) + verb.replace("-", "_")


def build_parser(verb: str | None) -> argparse.ArgumentParser:
    """Returns the parser, with the full arguments of `verb` only (None: of no verb)."""
    parser = Parser(
        prog="jpegpre",
        description="Make ordinary JPEG files smaller at the same look: edit pixels before the encoder.",
        epilog="examples:\n  jpegpre encode photos/ -o out/\n  jpegpre models\n  jpegpre encode --help",
        formatter_class=HelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"jpegpre {__version__}")
    verbs = parser.add_subparsers(dest="verb", metavar="VERB", required=True)
    for name, described in VERBS.items():
        sub = verbs.add_parser(
            name, help=described.summary, description=described.summary, formatter_class=HelpFormatter
        )
        if name == verb:
            importlib.import_module(_module_name(name)).add_arguments(sub)
            add_verb_help(sub, described)
            sub.set_defaults(verb_parser=sub)
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the command with `argv` (default: the process's arguments) and returns its exit code."""
    prepare_streams()
    arguments = list(sys.argv[1:] if argv is None else argv)
    try:
        code = _answer(lambda: _run(arguments))
        if code == INTERRUPTED_CODE and argv is None:
            leave_interrupted()
        # What is still held back may meet a full disk or a closed pipe.
        return _answer(flush_stdout) or code
    except OSError:  # stderr cannot be written either
        silence_stderr()
        abandon_stdout()
        return 1


def _run(arguments: list[str]) -> int:
    if not arguments:
        build_parser(None).print_help()
        return 0
    if arguments[0] == "help":  # as many programs have it
        arguments = [*arguments[1:2], "--help"]
    verb = arguments[0]
    if verb.startswith("-") and verb != "-h" and not any(name.startswith(verb) for name in _OPTIONS):
        raise UsageError(f"there is no option {verb!r}{did_you_mean(verb, _OPTIONS)} (see jpegpre --help)")
    if not verb.startswith("-") and verb not in VERBS:
        raise UsageError(f"there is no verb {verb!r}{did_you_mean(verb, VERBS)} (see jpegpre --help)")
    for word in arguments:
        if found := _NO_VALUE.fullmatch(word):
            raise UsageError(f"argument {found[1] or found[2]}: expected a value, received '--'")
        if verb in _LOCAL and _URL.match(word):
            # It may hold a password; a path made of it would be printed, or become a folder.
            raise UsageError(
                f"'{printable_url(word)}' is a URL: {verb} takes files, `jpegpre batch` URLs of folders"
            )
    with ends_at_once(lambda: "nothing was begun", has_scratch=False):
        parsed, unknown = build_parser(verb).parse_known_args(arguments)
        if unknown:  # said by the verb's parser, which knows its options
            parsed.verb_parser.error(f"unrecognized arguments: {' '.join(unknown)}")
        module = importlib.import_module(_module_name(parsed.verb))
    # Verbs that have nothing else to do at Ctrl-C than to say what is there.
    tell = getattr(module, "tell_when_interrupted", None)
    with ends_at_once(tell(parsed)) if tell else contextlib.nullcontext():
        return int(module.run(parsed))


def _answer(run: Callable[[], int | None]) -> int:
    """Returns the exit code of `run`; every error becomes one line."""
    try:
        return run() or 0
    except SystemExit as exit_request:  # argparse: 0 after --help, 2 after a usage error
        return int(exit_request.code or 0)
    except (UsageError, UnknownModelError) as error:
        print_error(str(error))
        return 2
    except (JpegpreError, MissingExtraError, KerasBackendError) as error:
        print_error(str(error))
        return 1
    except MemoryError:
        print_error("not enough memory")
        return 1
    except BrokenPipeError:
        # The reader of our output went away (`| head`); nothing is left to say, not even at exit.
        abandon_stdout()
        return 1
    except KeyboardInterrupt as interrupt:
        return _report_interrupt(interrupt)
    except OSError as error:
        abandon_stdout()
        print_error(_explain(error))
        return 1
    except ValueError as error:
        # As everything in the package refuses an argument: `name` must be ... Received: ...
        if not _ARGUMENT.match(first_line(error)):
            return _report_unforeseen(error)
        print_error(str(error))
        return 2
    except Exception as error:
        return _report_unforeseen(error)


def _report_interrupt(interrupt: KeyboardInterrupt) -> int:
    print_line(
        f"jpegpre: interrupted: {interrupt if interrupt.args else 'files that were written are whole'}"
    )
    return INTERRUPTED_CODE


def _report_unforeseen(error: Exception) -> int:
    cause = error.__cause__ or error.__context__
    if isinstance(cause, KeyboardInterrupt):  # Python turns it into another one where a class is made
        return _report_interrupt(cause)
    if os.environ.get(_TRACEBACK):
        traceback.print_exc()
    kind = type(error).__name__
    print_error(f"{first_line(error)} ({kind}; unforeseen: {_TRACEBACK}=1 shows where, please report it)")
    return 1


def _explain(error: OSError) -> str:
    try:
        os.getcwd()  # noqa: PTH109  what pathlib calls
    except OSError:
        return "the current folder does not exist any more: change into another one"
    reason = error.strerror or first_line(error)
    return f"'{error.filename}': {reason}" if error.filename else f"cannot write the output: {reason}"
