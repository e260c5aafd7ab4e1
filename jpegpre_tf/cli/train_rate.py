"""`jpegpre train-rate`: a network that tells how many bits an encoder takes."""

import argparse
import contextlib
import sys
from pathlib import Path

from jpegpre_tf.cli.common import neural_options


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declares the verb's arguments."""
    neural_options.add_arguments(parser)
    parser.add_argument(
        "--simulator",
        metavar="MODEL",
        type=Path,
        required=True,
        help=".keras of `train-simulator` for the same encoder: its decisions are what is counted",
    )


def run(arguments: argparse.Namespace) -> int:
    """Trains in RUN_DIR and prints the model's path; returns 0."""
    encoder = neural_options.checked(arguments)
    neural_options.start_tensorflow(arguments, "training")
    from jpegpre_tf.models.neural_simulator import NeuralSimulator
    from jpegpre_tf.training.neural.run import load_network

    run_of = neural_options.start_run(arguments, encoder)
    simulator = load_network(arguments.simulator, NeuralSimulator)
    with contextlib.redirect_stdout(sys.stderr):  # Keras reports progress on stdout
        run_of.train_rate(simulator, arguments.initial)
    print(arguments.output / "model.keras")
    return 0
