"""`jpegpre train-tables`: learns quantization tables for all qualities from a folder of pictures."""

import argparse
import contextlib
import json
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jpegpre_tf._optional import require
from jpegpre_tf.cli.common.arguments.shared_arguments import DEFAULT_PROFILE
from jpegpre_tf.cli.common.process.interrupt import tell_of_output
from jpegpre_tf.cli.common.process.quiet import quiet_tensorflow
from jpegpre_tf.errors import UsageError
from jpegpre_tf.storage.names import printable_path

if TYPE_CHECKING:
    from jpegpre_tf.training.config import TrainConfig

_STEPS = 600
_LEAST_COMPILED = 100  # steps from which on the minute that XLA takes is saved again


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "folder", metavar="DIR", type=Path, help="pictures to learn from, searched recursively"
    )
    parser.add_argument(
        "-o", "--output", metavar="FILE", type=Path, required=True, help="tables.json to write"
    )
    network = parser.add_mutually_exclusive_group()
    network.add_argument(
        "--profile",
        metavar="P",
        default=DEFAULT_PROFILE,
        help="shipped model, or a folder or .keras file, whose decisions the tables are for (default: %(default)s)",
    )
    network.add_argument(
        "--no-network",
        action="store_true",
        help="tables for coefficients that are rounded, as by any encoder",
    )
    parser.add_argument(
        "--metrics",
        metavar="NAME=WEIGHT,...",
        type=_weights,
        help="what to minimize the BD-rate of, for example ssim=1,psnr_y=0.5 (default: as the objective balanced)",
    )
    parser.add_argument("--from", dest="initial", metavar="FILE", type=Path, help="tables.json to start from")
    parser.add_argument("--validation", metavar="DIR", type=Path, help="pictures to measure the BD-rate on")
    parser.add_argument(
        "--steps", type=int, default=_STEPS, help="steps of the optimizer (default: %(default)s)"
    )
    parser.add_argument("--crop-size", type=int, default=192, help="side of a crop in pixels (default: 192)")
    parser.add_argument("--batch-size", type=int, default=8, help="crops per step (default: 8)")
    parser.add_argument(
        "--learning-rate", type=float, default=1e-2, help="of the logarithms of entries (default: 0.01)"
    )
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", action="store_true", help="print the result as JSON")


def tell_when_interrupted(arguments: argparse.Namespace) -> Callable[[], str]:
    """What is there after Ctrl-C."""
    return tell_of_output(arguments.output)


def run(arguments: argparse.Namespace) -> int:
    if not arguments.folder.is_dir():  # reported before TensorFlow's seconds of import
        raise UsageError(f"{arguments.folder}: expected a folder of pictures to learn from, found none")
    if arguments.output.is_dir():
        raise UsageError(f"{arguments.output}: expected a file to write tables to, found a folder")
    if not arguments.output.parent.is_dir():
        raise UsageError(f"{arguments.output}: expected an existing folder, found none")
    config = _config(arguments)  # checked before TensorFlow's seconds of import
    quiet_tensorflow()
    require("tensorflow", extra="train", purpose="training")
    from jpegpre_tf.jpeg.tuned_tables import TunedTables
    from jpegpre_tf.training.data.crops import list_pictures
    from jpegpre_tf.training.run import train

    try:
        initial = TunedTables.read(arguments.initial) if arguments.initial else None
    except ValueError as error:
        raise UsageError(str(error)) from error
    frozen = None if arguments.no_network else _network(arguments.profile)
    paths = list_pictures(arguments.folder)
    validation = list_pictures(arguments.validation) if arguments.validation else []
    print(f"learning tables on {len(paths)} pictures, {config.run.steps} steps", file=sys.stderr)
    # Keras prints its progress to stdout, which is for the result.
    with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stdout(sys.stderr):
        trainer = train(
            config,
            paths,
            validation,
            Path(folder),
            frozen=frozen,
            has_network=not arguments.no_network,
            initial_tables=initial,
            verbose=1 if sys.stderr.isatty() else 2,
        )
        last = json.loads((Path(folder) / "log.jsonl").read_text(encoding="utf-8").splitlines()[-1])
        provenance = TunedTables.read(Path(folder) / "tables.json").provenance
    fitted_by = "jpegpre train-tables" + (" --no-network" if arguments.no_network else "")
    learned = trainer.tuned_tables.to_stored(**{**provenance, "fitted_by": fitted_by})
    learned.limit_fine_steps().write(arguments.output)
    _report(arguments, last)
    return 0


def _report(arguments: argparse.Namespace, last: dict[str, float]) -> None:
    rates = {name: round(value, 2) for name, value in last.items() if name.startswith("bd_")}
    if arguments.json:
        print(json.dumps({"tables": str(arguments.output), "loss": last["loss"], **rates}))
    else:
        print(printable_path(arguments.output))
        for name, value in rates.items():
            print(f"{name}: {value:+.2f} %", file=sys.stderr)


def _config(arguments: argparse.Namespace) -> "TrainConfig":
    from jpegpre_tf.training.config import objective_config

    fields: dict[str, Any] = {
        "steps": arguments.steps,
        "steps_per_epoch": min(arguments.steps, 100),
        "crop_size": arguments.crop_size,
        "batch_size": arguments.batch_size,
        "seed": arguments.seed,
        # The rate of both, as there is nothing else to learn.
        "learning_rate": arguments.learning_rate,
        "tables_learning_rate": arguments.learning_rate,
        "tuned_share": 1.0,
        "full_strength_share": 1.0,
        "jit_compile": arguments.steps >= _LEAST_COMPILED,
        "bd_rate_every": -(-arguments.steps // 100) if arguments.validation else 0,
    }
    if arguments.metrics:
        fields["metrics"] = arguments.metrics
    return objective_config(DEFAULT_PROFILE).with_fields(**fields)


def _network(name: str) -> Any:
    from jpegpre_tf.models.preprocessor import Preprocessor

    return Preprocessor.from_preset(name)


def _weights(text: str) -> dict[str, float]:
    pairs = [part.split("=") for part in text.split(",")]
    try:
        return {name: float(weight) for name, weight in pairs}
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"expected NAME=WEIGHT, separated by commas, received {text!r}"
        ) from None
