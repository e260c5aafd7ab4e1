"""The parser of `jpegpre`: one-line errors that guess what was meant, help with examples."""

import argparse
import difflib
import re
from collections.abc import Iterable
from typing import NoReturn

from jpegpre_tf.cli.common.arguments.verbs import Verb
from jpegpre_tf.storage.names import printable


class Parser(argparse.ArgumentParser):
    """Reports a wrong argument in one line; argparse puts the whole usage before it."""

    def error(self, message: str) -> NoReturn:
        self.exit(
            2, f"{self.prog}: error: {printable(message)}{self._guess(message)} (see {self.prog} --help)\n"
        )

    def _guess(self, message: str) -> str:
        unknown = re.match(r"unrecognized arguments: .*?(--?[^\s=]+)", message)
        if unknown:
            return did_you_mean(
                unknown[1], [name for action in self._actions for name in action.option_strings]
            )
        choice = re.match(r"argument (\S+): invalid choice: '([^']*)' \(choose from (.*)\)", message)
        if choice:
            return did_you_mean(choice[2], [name.strip("' ") for name in choice[3].split(",")])
        return ""


class HelpFormatter(argparse.HelpFormatter):
    """Wraps paragraphs of a description or epilog, and leaves indented ones as they are."""

    def _fill_text(self, text: str, width: int, indent: str) -> str:
        parts = text.split("\n\n")
        return "\n\n".join(
            part
            if re.search(r"^ ", part, re.MULTILINE)
            else super(HelpFormatter, self)._fill_text(part, width, indent)
            for part in parts
        )


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Returns ", did you mean X?" for the known word that is most like `word`, "" if none is."""
    # Neither case nor the dashes that all options have in common make two words alike.
    by_letters = {name.lower().lstrip("-"): name for name in sorted(known)}
    found = difflib.get_close_matches(word.lower().lstrip("-"), by_letters, n=1, cutoff=0.6)
    return f", did you mean {by_letters[found[0]]}?" if found else ""


def add_verb_help(parser: argparse.ArgumentParser, verb: Verb) -> None:
    """Ends the verb's help with examples and exit codes."""
    lines = [f"  {command}\n      {what}" for command, what in verb.examples]
    parts = [parser.epilog or "", "examples:\n" + "\n".join(lines)]
    parts.append(f"Exit code: 0 if all was done, 1 if {verb.failure}, 2 for bad usage, 130 after Ctrl-C.")
    parser.epilog = "\n\n".join(filter(None, parts))
