"""`jpegpre train`: trains a preprocessor on a folder of pictures."""

import argparse
import contextlib
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from jpegpre_tf._optional import require
from jpegpre_tf.cli.common.arguments.run_arguments import add_run_arguments, overrides, tell_of_run
from jpegpre_tf.cli.common.arguments.shared_arguments import DEFAULT_PROFILE, check_run_folder
from jpegpre_tf.cli.common.output.messages import print_line, print_note
from jpegpre_tf.cli.common.process.quiet import quiet_asyncio, quiet_tensorflow
from jpegpre_tf.errors import ModelError, UsageError
from jpegpre_tf.storage.names import printable_path

if TYPE_CHECKING:
    from jpegpre_tf.training.config import TrainConfig

# Fields of TrainConfig offered as options, as (option, type).
_OPTIONS = {
    "steps": int,
    "batch_size": int,
    "crop_size": int,
    "learning_rate": float,
    "tables_learning_rate": float,
    "tuned_share": float,
    "rate_weight": float,
    "seed": int,
    "simulator": str,
    "rate": str,
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "folder",
        metavar="DIR",
        help="pictures to train with, searched recursively; with --strategy also a folder or URL of tar or TFRecord "
        "shards",
    )
    what = parser.add_mutually_exclusive_group()
    what.add_argument(
        "--objective",
        metavar="NAME",
        help="one run from new weights for what fidelity, balanced or perceptual is made for, or smoke: a minute, to "
        "see that all works (default: balanced)",
    )
    what.add_argument("--profile", metavar="NAME", help=argparse.SUPPRESS)  # the name of version 4 and before
    what.add_argument("--config", type=Path, help="JSON file with fields of TrainConfig")
    what.add_argument(
        "--recipe",
        metavar="P|FILE",
        help="the runs that made a shipped model, one after another, or those of a recipe.json; with --resume, "
        "finished ones are not made again",
    )
    parser.add_argument(
        "--tensorboard", metavar="DIR", type=Path, help="folder for TensorBoard's event files"
    )
    parser.add_argument(
        "--strategy",
        choices=("single", "mirrored", "multi-worker"),
        help="mirrored: all devices of this machine; multi-worker: the machines of TF_CONFIG; single: one device, but "
        "with their input from shards and URLs (default: Keras' fit on a local folder; extra for the others: cluster)",
    )
    add_run_arguments(parser, _OPTIONS, initial="shipped model's name, model folder or .keras file")


def tell_when_interrupted(arguments: argparse.Namespace) -> Callable[[], str]:
    """What is there after Ctrl-C."""
    return tell_of_run(arguments.output)


def run(arguments: argparse.Namespace) -> int:
    is_fit = arguments.strategy is None
    if is_fit and not Path(arguments.folder).is_dir():  # said before TensorFlow's seconds of import
        raise UsageError(f"{arguments.folder}: expected a folder of pictures to train with, found none")
    if not is_fit and arguments.tensorboard is not None:
        raise UsageError("--tensorboard is for runs without --strategy")
    if arguments.profile is not None:
        print("--profile is now called --objective here; a profile is a shipped model", file=sys.stderr)
        arguments.objective = arguments.profile
    if is_fit:
        check_run_folder(arguments.output, arguments.resume)
    elif not arguments.resume:  # with it, a worker on a new disk has nothing yet
        check_run_folder(arguments.output, resume=False)
    if arguments.initial is not None:
        arguments.initial = _find_initial(arguments.initial)
    recipe = _recipe(arguments)
    # The configuration is checked before TensorFlow's seconds of import.
    start = (
        partial(_run_recipe, arguments, recipe)
        if recipe is not None
        else partial(_fit if is_fit else _train_distributed, arguments, _config(arguments))
    )
    quiet_tensorflow()
    require("tensorflow", extra="train", purpose="training")
    with contextlib.redirect_stdout(sys.stderr):  # Keras reports progress on stdout
        start()
    print(printable_path(arguments.output / "model.keras"))
    return 0


def _find_initial(given: Path) -> Path:
    """The .keras file that --from means."""
    from jpegpre_tf.runtime.inference.models.presets import MODEL_FILE, find_preset

    if given.is_file():
        return given
    try:
        found = find_preset(given, "preprocessor")
    except ModelError as error:
        raise UsageError(f"--from: {error}") from error
    return found if isinstance(found, Path) else found.path / MODEL_FILE


def _recipe(arguments: argparse.Namespace) -> Path | None:
    """The recipe to follow, if it is one: as told, or the one of the run that is resumed."""
    from jpegpre_tf import runtime
    from jpegpre_tf.training.checkpoint import RECIPE

    chosen = arguments.recipe
    if chosen is None:
        kept = arguments.output / RECIPE
        return kept if arguments.resume and kept.exists() else None
    alone = {
        "--from": arguments.initial,
        "--strategy": arguments.strategy,
        "--tensorboard": arguments.tensorboard,
    }
    alone |= {"--" + name.replace("_", "-"): value for name, value in overrides(arguments, _OPTIONS).items()}
    for option, value in alone.items():
        if value is not None:
            raise UsageError(f"{option} is for single runs: a recipe says all that itself")
    if chosen.endswith(".json"):
        return Path(chosen)
    path: Path = runtime.find_model(chosen).path / RECIPE
    if not path.is_file():
        raise UsageError(
            f"--recipe: expected a profile that was made by a recipe, or a .json file, received {chosen!r}"
        )
    return path


def _run_recipe(arguments: argparse.Namespace, recipe: Path) -> None:
    from jpegpre_tf.training.data.crops import list_pictures
    from jpegpre_tf.training.recipe import Stage, run_recipe

    def tell(number: int, count: int, stage: Stage) -> None:
        steps = f"{stage.last_step or stage.config.run.steps} steps" if stage.config else "a blend"
        print(f"stage {number} of {count}, {stage.name}: {steps}", file=sys.stderr)

    run_recipe(
        recipe,
        list_pictures(arguments.folder),
        list_pictures(arguments.validation) if arguments.validation else [],
        arguments.output,
        verbose=1 if sys.stderr.isatty() else 2,
        progress=tell,
    )


def _config(arguments: argparse.Namespace) -> "TrainConfig":
    from jpegpre_tf.runtime.inference.models.presets import find_preset
    from jpegpre_tf.training.checkpoint import CONFIG
    from jpegpre_tf.training.config import check_resumable, load_config, objective_config

    kept = arguments.output / CONFIG
    is_resumed = arguments.resume and kept.exists()
    path = arguments.config
    if is_resumed and path is None and arguments.objective is None:
        path = kept
    config = objective_config(arguments.objective or DEFAULT_PROFILE) if path is None else load_config(path)
    config = config.with_fields(**overrides(arguments, _OPTIONS))
    for role, name in (("simulator", config.data.simulator), ("rate", config.data.rate)):
        if name:
            find_preset(name, role)
    if is_resumed:
        check_resumable(config, load_config(kept), str(kept))
    return config


def _fit(arguments: argparse.Namespace, config: "TrainConfig") -> None:
    from jpegpre_tf.training.data.crops import list_pictures
    from jpegpre_tf.training.run import train

    paths = list_pictures(arguments.folder)
    validation = list_pictures(arguments.validation) if arguments.validation else []
    print(f"training on {len(paths)} pictures, {config.run.steps} steps", file=sys.stderr)
    train(
        config,
        paths,
        validation,
        arguments.output,
        initial_model=arguments.initial,
        tensorboard=arguments.tensorboard,
        verbose=1 if sys.stderr.isatty() else 2,
        note=partial(print_note, verb="train"),
    )


def _train_distributed(arguments: argparse.Namespace, config: "TrainConfig") -> None:
    quiet_asyncio()
    from jpegpre_tf.training.distributed.workers import Workers

    workers = Workers(arguments.strategy)  # before anything else of TensorFlow, which insists on it
    from jpegpre_tf.training.data.crops import list_pictures
    from jpegpre_tf.training.data.shards import PictureSource
    from jpegpre_tf.training.distributed.fit import train_distributed

    validation = list_pictures(arguments.validation) if arguments.validation else []
    source = PictureSource(arguments.folder)
    print(
        f"training on {len(source.files)} files ({source.kind}), {config.run.steps} steps, worker {workers.index} "
        f"of {workers.count}, {workers.replicas} devices",
        file=sys.stderr,
    )
    train_distributed(
        config,
        source,
        validation,
        arguments.output,
        workers,
        initial_model=arguments.initial,
        report=print_line,
    )
