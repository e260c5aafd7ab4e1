"""Writes docs/cli.md from the parsers of `jpegpre`: every verb, option and exit code.

python tools/docs/cli_reference.py            # writes it
python tools/docs/cli_reference.py --check    # exits with 1 if it is not current
"""

import argparse
import sys
import textwrap
from pathlib import Path

from jpegpre_tf.cli.common.arguments.verbs import EXIT_CODES, VERBS
from jpegpre_tf.cli.main import build_parser

LINE = 120  # characters of prose
PAGE = Path(__file__).parents[2] / "docs" / "cli.md"
HEAD = """# The command line

Made by `python tools/docs/cli_reference.py`; `jpegpre VERB --help` says the same.

`--json` prints one object for each picture on stdout, always; notes, errors and progress go to stderr, one line each.
`-` as input or output is stdin or stdout. Shell completion: `jpegpre completion --help`.
"""


def make_page() -> str:
    """Returns docs/cli.md."""
    parts = [HEAD, "## Exit codes\n", _exit_codes()]
    for verb, described in VERBS.items():
        sub = _parser_of(verb)
        parts += [f"## `jpegpre {verb}`\n", f"{_sentence(described.summary)}\n"]
        examples = "\n".join(_example(command, what) for command, what in described.examples)
        parts += [examples + "\n", _options(sub)]
    return "\n".join(parts).rstrip() + "\n"


def _example(command: str, what: str) -> str:
    line = f"    {command}  # {what}"
    return line if len(line) <= LINE else f"    # {what}\n    {command}"


def _exit_codes() -> str:
    rows = ["| code | means |", "| ---: | --- |"]
    rows += [f"| {code} | {meaning} |" for code, meaning in EXIT_CODES.items()]
    rows += ["", "0, 2 and 130 mean the same in every verb; 1 means:", "", "| verb | 1 if |", "| --- | --- |"]
    rows += [f"| `{verb}` | {described.failure} |" for verb, described in VERBS.items()]
    return "\n".join(rows) + "\n"


def _parser_of(verb: str) -> argparse.ArgumentParser:
    (verbs,) = (
        action for action in build_parser(verb)._actions if isinstance(action, argparse._SubParsersAction)
    )
    parser: argparse.ArgumentParser = verbs.choices[verb]
    return parser


def _options(parser: argparse.ArgumentParser) -> str:
    items = []
    for action in parser._actions:
        if isinstance(action, argparse._HelpAction) or action.help == argparse.SUPPRESS:
            continue
        help_text = _help(parser, action)
        item = f"{_name(action)}: {help_text}" if help_text else _name(action)
        items += textwrap.wrap(
            item,
            LINE,
            initial_indent="- ",
            subsequent_indent="  ",
            break_long_words=False,
            break_on_hyphens=False,
        )
    return "\n".join(items) + "\n"


def _name(action: argparse.Action) -> str:
    value = ""
    if action.nargs != 0:
        value = action.metavar or (
            "{" + ",".join(map(str, action.choices)) + "}" if action.choices else action.dest.upper()
        )
    if not action.option_strings:
        many = " ..." if action.nargs in ("+", "*") else ""
        return _code(f"{value}{many}")

    return ", ".join(_code(f"{name} {value}".strip()) for name in action.option_strings)


def _code(text: str) -> str:
    return f"`{text}`"


def _help(parser: argparse.ArgumentParser, action: argparse.Action) -> str:
    if action.help is None:
        return ""
    values = vars(action) | {"prog": parser.prog}
    return " ".join((action.help % values).split())


def _sentence(text: str) -> str:
    return text[0].upper() + text[1:] + "."


def main(arguments: list[str]) -> int:
    """Writes or checks the page."""
    page = make_page()
    if "--check" in arguments:
        return 0 if PAGE.is_file() and PAGE.read_text(encoding="utf-8") == page else 1
    PAGE.write_text(page, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
