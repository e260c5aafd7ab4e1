"""`jpegpre train-simulator`: a network that does to a picture what an encoder does."""

import argparse
import contextlib
import sys
from collections.abc import Callable

from jpegpre_tf.cli.common.arguments import neural_options
from jpegpre_tf.cli.common.arguments.run_arguments import tell_of_run
from jpegpre_tf.storage.names import printable_path


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declares the verb's arguments."""
    neural_options.add_arguments(parser)


def tell_when_interrupted(arguments: argparse.Namespace) -> Callable[[], str]:
    """What is there after Ctrl-C."""
    return tell_of_run(arguments.output, "what the encoder answered")


def run(arguments: argparse.Namespace) -> int:
    """Trains in RUN_DIR and prints the model's path; returns 0."""
    encoder, config = neural_options.read_arguments(arguments)
    neural_options.start_tensorflow(arguments, "training")
    with contextlib.redirect_stdout(sys.stderr):  # Keras reports progress on stdout
        neural_options.start_run(arguments, encoder, config).train_simulator(arguments.initial)
    print(printable_path(arguments.output / "model.keras"))
    return 0
