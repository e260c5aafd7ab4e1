"""`jpegpre completion`: a script that makes a shell complete verbs, options and their values."""

import argparse
import re
from collections.abc import Iterator

from jpegpre_tf.cli.common.arguments.verbs import VERBS

SHELLS = ("bash", "zsh", "fish")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declares the verb's arguments."""
    parser.epilog = "The script is complete in itself: completing starts no program."
    parser.add_argument("shell", choices=SHELLS, help="which shell it is for")


def run(arguments: argparse.Namespace) -> int:
    """Prints the script; returns 0."""
    print({"bash": _bash, "zsh": _zsh, "fish": _fish}[arguments.shell]())
    return 0


def _options() -> Iterator[tuple[str, argparse.Action]]:
    """Yields every (verb, option) in order."""
    from jpegpre_tf.cli.main import build_parser

    for verb in VERBS:
        parser = build_parser(verb)
        (verbs,) = (action for action in parser._actions if isinstance(action, argparse._SubParsersAction))
        for action in verbs.choices[verb]._actions:
            if action.option_strings:
                yield verb, action


def _choices(action: argparse.Action) -> list[str]:
    return [str(choice) for choice in action.choices] if action.choices else []


def _bash() -> str:
    names: dict[str, list[str]] = {verb: [] for verb in VERBS}
    values = []
    for verb, action in _options():
        names[verb] += action.option_strings
        if action.choices:
            patterns = "|".join(f"{verb}:{name}" for name in action.option_strings)
            values.append(
                f'    {patterns}) COMPREPLY=($(compgen -W "{" ".join(_choices(action))}" -- "$word")); return ;;'
            )
    options = [f'    {verb}) names="{" ".join(found)}" ;;' for verb, found in names.items()]
    return "\n".join(
        (
            "_jpegpre() {",
            '  local word="${COMP_WORDS[COMP_CWORD]}" before="${COMP_WORDS[COMP_CWORD-1]}"',
            '  local verb="${COMP_WORDS[1]}" names',
            '  if [ "$COMP_CWORD" -eq 1 ]; then',
            f'    COMPREPLY=($(compgen -W "{" ".join(VERBS)} --help --version" -- "$word")); return',
            "  fi",
            '  case "$verb:$before" in',
            *values,
            "  esac",
            '  case "$verb" in',
            *options,
            "  esac",
            '  if [[ "$word" == -* ]]; then COMPREPLY=($(compgen -W "$names" -- "$word"));',
            '  elif [ "$verb" = completion ]; then COMPREPLY=($(compgen -W "'
            + " ".join(SHELLS)
            + '" -- "$word"));',
            "  else COMPREPLY=(); fi",
            "}",
            "complete -o default -F _jpegpre jpegpre",
        )
    )


def _zsh() -> str:
    return "autoload -U +X bashcompinit && bashcompinit\n" + _bash()


def _fish() -> str:
    lines = [
        "complete -c jpegpre -n __fish_use_subcommand -l help",
        "complete -c jpegpre -n __fish_use_subcommand -l version",
    ]
    lines += [
        f"complete -c jpegpre -n __fish_use_subcommand -f -a {verb} -d {_quote(described.summary)}"
        for verb, described in VERBS.items()
    ]
    for verb, action in _options():
        words = [f"complete -c jpegpre -n '__fish_seen_subcommand_from {verb}'"]
        words += [
            f"-l {name[2:]}" if name.startswith("--") else f"-s {name[1:]}" for name in action.option_strings
        ]
        if action.choices:
            words.append(f"-x -a {_quote(' '.join(_choices(action)))}")
        elif action.nargs != 0:
            words.append("-r")
        words.append(f"-d {_quote(_first_words(action.help or ''))}")
        lines.append(" ".join(words))
    lines.append(
        f"complete -c jpegpre -n '__fish_seen_subcommand_from completion' -f -a '{' '.join(SHELLS)}'"
    )
    return "\n".join(lines)


def _first_words(text: str) -> str:
    return re.split(r"[:;(]", text, maxsplit=1)[0].strip()


def _quote(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"
