"""Several workers that train one model: who they are, and what they share."""

import json
import os
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from jpegpre_tf.errors import JpegpreError, LostWorkerError, UsageError

# What TensorFlow raises on every other worker when one is gone.
_LOST = (
    tf.errors.UnavailableError,
    tf.errors.AbortedError,
    tf.errors.CancelledError,
    tf.errors.DeadlineExceededError,
    tf.errors.InternalError,
    tf.errors.FailedPreconditionError,
)


class Workers:
    """The workers of a run, of which this process is one, each with the devices of its machine.

    Every worker holds the whole state. It stays equal because all start from one state and apply the same mean of
    all gradients; the strategy's part is to take that mean, on each machine and between them.

    Args:
        strategy: "single", "mirrored" (all GPUs of this machine, else its logical CPUs) or "multi-worker" (TF_CONFIG).

    Raises:
        UsageError: If TF_CONFIG is missing or wrong.
        JpegpreError: If the other workers cannot be reached.
    """

    def __init__(self, strategy: str = "single") -> None:
        self.index, self.count = 0, 1
        if strategy == "multi-worker":
            self.index, self.count = _task()
            try:
                self.strategy = tf.distribute.MultiWorkerMirroredStrategy()
            except (*_LOST, RuntimeError, ValueError) as error:
                raise JpegpreError(
                    f"the other workers of TF_CONFIG cannot be reached: {_first(error)}"
                ) from error
        elif strategy == "mirrored":
            kind = "GPU" if tf.config.list_logical_devices("GPU") else "CPU"
            devices = [device.name for device in tf.config.list_logical_devices(kind)]
            self.strategy = tf.distribute.MirroredStrategy(devices)
        else:
            self.strategy = tf.distribute.get_strategy()
        self.replicas: int = self.strategy.num_replicas_in_sync
        self.local_replicas = self.replicas // self.count

    def mean(
        self, function: Callable[..., Sequence[tf.Tensor]], batch: Sequence[tf.Tensor]
    ) -> list[tf.Tensor]:
        """Calls `function(*part)` -> tensors on every device with its part of this worker's batch.

        Returns:
            The mean of each tensor over all devices of all workers.
        """
        if self.replicas == 1:
            return list(function(*batch))
        size = batch[0].shape[0] // self.local_replicas

        def part(context: Any) -> tuple[Any, ...]:
            # Replicas are counted over all workers.
            first = (context.replica_id_in_sync_group % self.local_replicas) * size
            return tuple(tensor[first : first + size] for tensor in batch)

        def on_device(*arguments: Any) -> list[tf.Tensor]:
            context = tf.distribute.get_replica_context()
            return list(context.all_reduce(tf.distribute.ReduceOp.MEAN, function(*arguments)))

        parts = self.strategy.experimental_distribute_values_from_function(part)
        results = self.strategy.run(on_device, args=parts)
        return [self.strategy.experimental_local_results(result)[0] for result in results]

    def sum(self, arrays: Sequence[np.ndarray[Any, Any]]) -> list[np.ndarray[Any, Any]]:
        """Returns the sums over workers of arrays that each of them gives, in float64."""
        if self.count == 1:
            return list(arrays)

        # Every device of a worker gives the worker's array: their number is divided out.
        @tf.function
        def sum_all(*values: Any) -> Any:
            def on_device(*inner: Any) -> Any:
                context = tf.distribute.get_replica_context()
                # An argument is on no device, and TensorFlow asks where the sum shall be.
                here = [tf.identity(value) for value in inner]
                return context.all_reduce(tf.distribute.ReduceOp.SUM, here)

            return self.strategy.run(on_device, args=values)

        results = sum_all(*(tf.constant(array, tf.float64) for array in arrays))
        local = [self.strategy.experimental_local_results(result)[0] for result in results]
        return [np.asarray(value) / self.local_replicas for value in local]

    def lost(self, error: BaseException) -> LostWorkerError | None:
        """Returns what to raise if `error` means that another worker is gone, None if it means something else."""
        if self.count == 1 or not isinstance(error, _LOST):
            return None
        return LostWorkerError(
            f"worker {self.index} of {self.count}: another worker is gone: start all workers again with --resume, "
            "and they go on from the last epoch that one of them kept"
        )


def _first(error: BaseException) -> str:
    text = next((line for line in str(error).splitlines() if line.strip()), type(error).__name__)
    return text[:120]


def _task() -> tuple[int, int]:
    """Index of this worker and number of workers, of TF_CONFIG."""
    example = (
        '{"cluster": {"worker": ["host1:12345", "host2:12345"]}, "task": {"type": "worker", "index": 0}}'
    )
    text = os.environ.get("TF_CONFIG", "")
    try:
        config = json.loads(text)
        workers = [str(address) for address in config["cluster"]["worker"]]
        index = int(config["task"]["index"])
        is_right = config["task"]["type"] == "worker" and set(config["cluster"]) == {"worker"}
    except (ValueError, KeyError, TypeError):
        is_right = False
    if not is_right or not 0 <= index < len(workers):
        raise UsageError(f"multi-worker needs TF_CONFIG, for example {example}. Received: TF_CONFIG={text!r}")
    return index, len(workers)
