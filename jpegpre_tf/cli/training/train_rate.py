"""`jpegpre train-rate`: a network that tells how many bits an encoder takes."""

import argparse
import contextlib
import sys
from collections.abc import Callable

from jpegpre_tf.cli.common.arguments import neural_options
from jpegpre_tf.cli.common.arguments.run_arguments import tell_of_run
from jpegpre_tf.runtime.inference.models.presets import find_preset
from jpegpre_tf.storage.names import printable_path


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declares the verb's arguments."""
    neural_options.add_arguments(parser)
    parser.add_argument(
        "--simulator",
        metavar="MODEL",
        required=True,
        help="simulator of the same encoder, whose decisions are counted: a .keras file or the folder of a "
        "`train-simulator` run, or the name of a shipped one",
    )


def tell_when_interrupted(arguments: argparse.Namespace) -> Callable[[], str]:
    """What is there after Ctrl-C."""
    return tell_of_run(arguments.output, "what the encoder answered")


def run(arguments: argparse.Namespace) -> int:
    """Trains in RUN_DIR and prints the model's path; returns 0."""
    find_preset(arguments.simulator, "simulator")  # before TensorFlow's seconds of import
    encoder, config = neural_options.read_arguments(arguments)
    neural_options.start_tensorflow(arguments, "training")
    from jpegpre_tf.models.neural_simulator import NeuralSimulator

    simulator = NeuralSimulator.from_preset(arguments.simulator)
    run_of = neural_options.start_run(arguments, encoder, config)
    with contextlib.redirect_stdout(sys.stderr):  # Keras reports progress on stdout
        run_of.train_rate(simulator, arguments.initial)
    print(printable_path(arguments.output / "model.keras"))
    return 0
