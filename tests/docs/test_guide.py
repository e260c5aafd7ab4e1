"""The training guide's commands exist with the options that it gives them; `tools/check/guide.py` follows it."""

import shlex
from pathlib import Path

from jpegpre_tf.cli.main import build_parser
from tools.check.guide import HEADING, PAGE, commands_of, script_of

ROOT = Path(__file__).parents[2]


def test_lines_that_go_on_are_one_command() -> None:
    section = f"{HEADING}\nText.\n\n    a b c\n    d \\\n        e f\n"
    text = f"# A\n\n    no\n\n{section}\n## B\n\n    no\n"
    assert commands_of(text) == ["a b c", "d e f"]
    assert script_of(["a b c"]) == 'set -e\nSECONDS=0\na b c\necho "@ $SECONDS s: a b" >&2\n'


def test_the_parsers_take_the_guides_commands() -> None:
    commands = commands_of((ROOT / PAGE).read_text(encoding="utf-8"))
    verbs = [shlex.split(command)[1:] for command in commands if command.startswith("jpegpre ")]
    assert [words[0] for words in verbs] == ["train", "export", "encode", "evaluate"]
    for words in verbs:
        assert build_parser(words[0]).parse_args(words).verb == words[0]
    assert commands[0].startswith("python3 -m venv") and "pip install" in commands[1]
