"""Batches that are the same however many workers share them."""

import queue
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import numpy.typing as npt

from jpegpre_tf.errors import PictureError
from jpegpre_tf.training.config import TrainConfig
from jpegpre_tf.training.data.crops import decode_rgb, draw_picture, random_crop
from jpegpre_tf.training.data.shards import PictureSource

Batch = tuple[npt.NDArray[Any], ...]
_Sample = tuple[Any, ...]

CROPS_PER_PICTURE = 4
# Crops that wait, per stream, so that those of one picture do not follow each other.
_SHUFFLED = 32
# Batches made ahead, and threads that decode: Pillow lets go of the interpreter while it does.
_AHEAD = 4
_THREADS = 2
_MOST_EMPTY_ROUNDS = 100


class GlobalBatches:
    """This worker's part of every global batch, made ahead in threads.

    Every element of the global batch is a stream of its own, with its own share of the pictures and its own random
    numbers. Worker w of W has `batch_size` / W of them, so that the global batch does not depend on W.

    Args:
        source: Pictures.
        config: Configuration of the run; `batch_size` is of all workers together.
        worker, workers: Which one this is, of how many; `workers` must divide `batch_size`.
        first_epoch: Epoch to begin with; every epoch has its own order and random numbers.
        steps_per_epoch: Batches of an epoch.

    Raises:
        PictureError: If there is no picture that can be decoded (by `take`).
    """

    def __init__(
        self,
        source: PictureSource,
        config: TrainConfig,
        *,
        worker: int = 0,
        workers: int = 1,
        first_epoch: int = 0,
        steps_per_epoch: int = 1,
    ) -> None:
        batch_size = config.data.batch_size
        if batch_size % workers:
            raise ValueError(f"`workers` must divide `batch_size`. Received: {workers} of {batch_size}")
        share = batch_size // workers
        self._source = source
        self._config = config
        self._streams = range(worker * share, (worker + 1) * share)
        self._ready: queue.Queue[Batch | BaseException] = queue.Queue(_AHEAD)
        self._is_closed = False
        self.waited_seconds = 0.0
        self.unreadable = 0
        arguments = (first_epoch, steps_per_epoch)
        threading.Thread(target=self._produce, args=arguments, daemon=True).start()

    def take(self) -> Batch:
        """Returns a batch as `training_dataset` has it; B is this worker's share."""
        start = time.monotonic()
        batch = self._ready.get()
        self.waited_seconds += time.monotonic() - start
        if isinstance(batch, BaseException):
            raise batch
        return batch

    def close(self) -> None:
        """Ends the threads."""
        self._is_closed = True

    def _produce(self, epoch: int, steps_per_epoch: int) -> None:
        with ThreadPoolExecutor(_THREADS) as pool:
            try:
                while True:
                    streams = [self._samples(epoch, index) for index in self._streams]
                    for _ in range(steps_per_epoch):
                        parts = zip(*pool.map(next, streams), strict=True)
                        batch = tuple(np.stack(part) for part in parts)
                        if not self._put(batch):
                            return
                    epoch += 1
            except BaseException as error:
                self._put(error)

    def _put(self, batch: Batch | BaseException) -> bool:
        while not self._is_closed:
            try:
                self._ready.put(batch, timeout=0.5)
                return True
            except queue.Full:
                continue
        return False

    def _samples(self, epoch: int, index: int) -> Iterator[_Sample]:
        config, seed_of_run = self._config.data, self._config.run.seed
        conditions = config.conditions
        random = np.random.default_rng((seed_of_run, epoch, index))
        waiting: list[_Sample] = []
        for round_number in range(2**40):
            found = False
            seed = (seed_of_run, epoch, round_number)
            for name, content in self._source.stream(index, config.batch_size, seed):
                try:
                    if config.drawn_share and random.random() < config.drawn_share:
                        picture = draw_picture(config.crop_size, random)
                    else:
                        picture = decode_rgb(content, name)
                except PictureError:
                    self.unreadable += 1  # of millions, one is always broken
                    continue
                found = True
                for _ in range(CROPS_PER_PICTURE):
                    condition = conditions.draw(random)
                    waiting.append((random_crop(picture, config.crop_size, random), *condition))
                # One out of every picture until enough wait: the first batch has not to wait for all that.
                yield waiting.pop(int(random.integers(len(waiting))))
                while len(waiting) > _SHUFFLED:
                    yield waiting.pop(int(random.integers(len(waiting))))
            # This stream's share of a small file may be empty, or broken; another round shares out anew.
            if not found and round_number >= _MOST_EMPTY_ROUNDS:
                raise PictureError("no picture to train with can be decoded")
