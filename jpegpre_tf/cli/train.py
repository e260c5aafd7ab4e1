"""`jpegpre train`: trains a preprocessor on a folder of pictures."""

import argparse
import dataclasses
import sys
from pathlib import Path

from jpegpre_tf._optional import require
from jpegpre_tf.cli._arguments import DEFAULT_PROFILE, check_run_folder
from jpegpre_tf.cli._quiet import quiet_tensorflow
from jpegpre_tf.cli._run_arguments import add_run_arguments, overrides
from jpegpre_tf.errors import UsageError

# Fields of TrainConfig offered as options, as (option, type).
_OPTIONS = {
    "steps": int,
    "batch_size": int,
    "crop_size": int,
    "learning_rate": float,
    "rate_weight": float,
    "seed": int,
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "folder", metavar="DIR", type=Path, help="pictures to train with, searched recursively"
    )
    what = parser.add_mutually_exclusive_group()
    what.add_argument(
        "--profile",
        metavar="P",
        help="fidelity, balanced or perceptual as shipped, or smoke: a minute, to see that all works "
        "(default: balanced)",
    )
    what.add_argument("--config", type=Path, help="JSON file with fields of TrainConfig")
    parser.add_argument(
        "--tensorboard", metavar="DIR", type=Path, help="folder for TensorBoard's event files"
    )
    add_run_arguments(parser, _OPTIONS)


def run(arguments: argparse.Namespace) -> int:
    if not arguments.folder.is_dir():  # said before TensorFlow's seconds of import
        raise UsageError(f"{arguments.folder}: expected a folder of pictures to train with, found none")
    quiet_tensorflow()
    require("tensorflow", extra="train", purpose="training")
    from jpegpre_tf.training.config import load_config, profile_config
    from jpegpre_tf.training.data import list_pictures
    from jpegpre_tf.training.run import train

    check_run_folder(arguments.output, arguments.resume)
    if arguments.initial is not None and not arguments.initial.is_file():
        raise UsageError(f"--from: expected a .keras file, found nothing at {arguments.initial}")
    if arguments.resume and arguments.config is None and arguments.profile is None:
        arguments.config = arguments.output / "config.json"
    if arguments.config is not None:
        config = load_config(arguments.config)
    else:
        config = profile_config(arguments.profile or DEFAULT_PROFILE)
    config = dataclasses.replace(config, **overrides(arguments, _OPTIONS))
    paths = list_pictures(arguments.folder)
    validation = list_pictures(arguments.validation) if arguments.validation else []
    print(f"training on {len(paths)} pictures, {config.steps} steps", file=sys.stderr)
    train(
        config,
        paths,
        validation,
        arguments.output,
        initial_model=arguments.initial,
        tensorboard=arguments.tensorboard,
        verbose=1 if sys.stderr.isatty() else 2,
    )
    print(arguments.output / "model.keras")
    return 0
