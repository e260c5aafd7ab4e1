"""Exponential moving averages of a trainer's weights."""

import contextlib
from collections.abc import Iterator

import keras
import numpy as np


def use_averages(trainer: keras.Model) -> None:
    """Gives a trainer's weights the values of their moving averages, if its optimiser keeps those."""
    optimizer = trainer.optimizer
    if optimizer.use_ema and optimizer.built:
        optimizer.finalize_variable_values(trainer.trainable_variables)


@contextlib.contextmanager
def averaged(trainer: keras.Model) -> Iterator[None]:
    """`use_averages` for a while; training goes on from the last step's weights."""
    if not trainer.optimizer.use_ema:
        yield
        return
    last = [np.asarray(variable) for variable in trainer.trainable_variables]
    use_averages(trainer)
    try:
        yield
    finally:
        for variable, value in zip(trainer.trainable_variables, last, strict=True):
            variable.assign(value)
