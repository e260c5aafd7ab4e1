"""Arguments that all verbs that train share."""

import argparse
from collections.abc import Callable, Mapping
from pathlib import Path

from jpegpre_tf.cli.common.arguments.shared_arguments import has_run
from jpegpre_tf.storage.names import printable_path

_HELP = {
    "simulator": "network that learned another encoder (`train-simulator`): name, folder or .keras file; pixels are "
    "then edited for that encoder",
    "rate": "network that learned how many bits that encoder takes (`train-rate`)",
}


def add_run_arguments(
    parser: argparse.ArgumentParser, fields: Mapping[str, type], *, initial: str = ".keras model"
) -> None:
    """Adds the folder of the run, what it starts from and is measured on, and one option per field.

    Args:
        parser: Parser of the verb.
        fields: Name -> type of the configuration's fields that are offered as options.
        initial: What --from takes.
    """
    parser.add_argument(
        "-o", "--output", metavar="RUN_DIR", type=Path, required=True, help="folder of the run"
    )
    parser.add_argument("--validation", metavar="DIR", type=Path, help="pictures to measure the loss on")
    parser.add_argument("--from", dest="initial", metavar="MODEL", type=Path, help=f"{initial} to start from")
    parser.add_argument("--resume", action="store_true", help="go on from the last checkpoint in RUN_DIR")
    for name, kind in fields.items():
        option = "--" + name.replace("_", "-")
        parser.add_argument(option, type=kind, help=_HELP.get(name, "overrides the configuration"))


def overrides(arguments: argparse.Namespace, fields: Mapping[str, type]) -> dict[str, object]:
    """Returns the fields that were given as options."""
    return {name: getattr(arguments, name) for name in fields if getattr(arguments, name) is not None}


def tell_of_run(folder: Path, kept: str = "nothing") -> Callable[[], str]:
    """Returns what tells, after Ctrl-C, how to go on with a training run.

    Args:
        folder: Folder of the run.
        kept: What is there before the run's first checkpoint.
    """

    def describe() -> str:
        if has_run(folder):
            what = f"what '{printable_path(folder)}' holds up to the last epoch is kept"
            return f"{what}; the same command with --resume goes on from there"
        return f"no epoch was finished, {kept} is kept; the same command begins anew"

    return describe
