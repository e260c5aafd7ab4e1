"""What `train-simulator` and `train-rate` share: arguments, their checks, the encoder."""

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jpegpre_tf.cli.common.arguments import shared_arguments
from jpegpre_tf.cli.common.arguments.run_arguments import add_run_arguments, overrides
from jpegpre_tf.errors import UsageError

if TYPE_CHECKING:
    from jpegpre_tf.codecs.base import Encoder
    from jpegpre_tf.training.neural.config import NeuralTrainConfig
    from jpegpre_tf.training.neural.run import NeuralRun

# Fields of NeuralTrainConfig offered as options, as (option, type).
_OPTIONS = {"steps": int, "pairs": int, "crop_size": int, "learning_rate": float, "seed": int}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the arguments of both verbs."""
    parser.add_argument(
        "folder", metavar="DIR", type=Path, help="lossless pictures to learn from, searched recursively"
    )
    parser.add_argument(
        "--encoder",
        required=True,
        metavar="NAME|COMMAND",
        help="encoder of this toolkit, for example mozjpeg, or a command line with {in} (a PPM file; {in.png} for "
        "PNG), {out} and {quality}, in quotes",
    )
    parser.add_argument("--config", type=Path, help="JSON file with fields of NeuralTrainConfig")
    parser.add_argument(
        "--preprocess",
        metavar="PROFILE",
        action="append",
        help="also learn from pictures preprocessed with this model; repeatable; 'none' for none "
        f"(default: {shared_arguments.DEFAULT_PROFILE})",
    )
    parser.add_argument(
        "--threads",
        type=shared_arguments.positive_int,
        metavar="N",
        help="CPU threads (default: TensorFlow's choice)",
    )
    add_run_arguments(parser, _OPTIONS)


def read_arguments(arguments: argparse.Namespace) -> "tuple[Encoder, NeuralTrainConfig]":
    """Checks all arguments before TensorFlow's seconds of import; returns encoder and configuration.

    The configuration is --config, or on --resume the run's own, with the options on top.

    Raises:
        UsageError: If a folder, file or encoder is not there, the configuration is wrong, or RUN_DIR and --resume do
            not fit.
    """
    if not arguments.folder.is_dir():
        raise UsageError(f"{arguments.folder}: expected a folder of pictures to learn from, found none")
    if arguments.initial is not None and not arguments.initial.is_file():
        raise UsageError(f"--from: expected a .keras file, found nothing at {arguments.initial}")
    shared_arguments.check_run_folder(arguments.output, arguments.resume)
    from jpegpre_tf.codecs.registry import get_encoder
    from jpegpre_tf.training.neural.config import NeuralTrainConfig, load_neural_config

    encoder = get_encoder(arguments.encoder)
    path = arguments.config or (arguments.output / "config.json" if arguments.resume else None)
    config = load_neural_config(path) if path else NeuralTrainConfig()
    return encoder, config.with_fields(**overrides(arguments, _OPTIONS))


def start_run(arguments: argparse.Namespace, encoder: "Encoder", config: "NeuralTrainConfig") -> "NeuralRun":
    """The run in RUN_DIR."""
    from jpegpre_tf.training.data.crops import list_pictures
    from jpegpre_tf.training.neural.run import NeuralRun

    paths = list_pictures(arguments.folder)
    validation = list_pictures(arguments.validation) if arguments.validation else []
    print(f"learning {encoder.name} from {len(paths)} pictures, {config.steps} steps", file=sys.stderr)
    return NeuralRun(
        config,
        encoder.encode_bytes,
        encoder.name,
        paths,
        validation,
        arguments.output,
        preprocess=_preprocessing(arguments),
        verbose=1 if sys.stderr.isatty() else 2,
    )


def _preprocessing(arguments: argparse.Namespace) -> list[Any]:
    """`(image, quality, strength) -> image` of each profile asked for."""
    profiles = arguments.preprocess or [shared_arguments.DEFAULT_PROFILE]
    if profiles == ["none"]:
        return []
    from jpegpre_tf import runtime
    from jpegpre_tf.cli.common.process.quiet import without_greeting

    with without_greeting():
        return [runtime.load(profile, threads=1) for profile in profiles]


def start_tensorflow(arguments: argparse.Namespace, purpose: str) -> None:
    """Imports TensorFlow quietly, with the threads asked for.

    Raises:
        MissingExtraError: If it is not installed.
    """
    from jpegpre_tf._optional import require
    from jpegpre_tf.cli.common.process.quiet import quiet_tensorflow

    quiet_tensorflow()
    tf = require("tensorflow", extra="train", purpose=purpose)
    if arguments.threads is not None:
        tf.config.threading.set_intra_op_parallelism_threads(arguments.threads)
        tf.config.threading.set_inter_op_parallelism_threads(1)
