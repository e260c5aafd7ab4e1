"""What runs in a worker process: edit, encode, decode, score."""

import functools
import multiprocessing
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from jpegpre_tf.codecs import get_encoder
from jpegpre_tf.codecs.base import Picture
from jpegpre_tf.errors import PictureError
from jpegpre_tf.evaluation.cache import Point, PointCache
from jpegpre_tf.evaluation.candidates import Candidate, Preprocess
from jpegpre_tf.evaluation.metrics import METRICS, Frame
from jpegpre_tf.evaluation.pictures import PictureFile
from jpegpre_tf.runtime import open_picture

# (quality, strength)
Level = tuple[int, float]


@dataclass(frozen=True)
class Task:
    """Points of one candidate on one picture that are not in the cache.

    Attributes:
        picture: The picture.
        candidate: The candidate.
        keys: What to measure -> key in the cache.
        versions: Metric name -> version.
        cache: Folder of the cache.
    """

    picture: PictureFile
    candidate: Candidate
    keys: Mapping[Level, str]
    versions: Mapping[str, str]
    cache: Path


def measure(task: Task) -> dict[Level, Point]:
    """Measures the points of `task` and puts each into the cache as soon as it is there.

    Raises:
        Exception: Anything that goes wrong; the caller reports it and goes on with other tasks.
    """
    original = _original(task.picture.path, task.picture.sha256)
    preprocess = _preprocessor(task.candidate)
    encoder = get_encoder(task.candidate.encoder)
    cache = PointCache(task.cache)
    points = {}
    edited: dict[tuple[int | None, float], Picture] = {}
    for (quality, strength), key in task.keys.items():
        complete = cache.get(key, task.versions)
        if complete is not None:  # another candidate has the same files, such as an untouched picture
            points[quality, strength] = complete
            continue
        held = cache.get(key, {})
        missing = cache.missing(key, task.versions)
        # A filter that does not look at the quality runs once per strength.
        which = (quality if task.candidate.uses_quality else None, strength)
        if which not in edited:
            edited = {which: _edit(preprocess, original.frame.rgb, quality, strength)}
        encoded = encoder.encode(edited[which], quality)
        decoded = Frame(encoded.decoded)
        if held is not None and held.size_bytes != encoded.size_bytes:
            missing = list(task.versions)
        fresh = {name: METRICS[name]().score(original.prepared(name), decoded) for name in missing}
        cache.put(key, Point(encoded.size_bytes, fresh), task.versions)
        complete = cache.get(key, task.versions)
        if complete is None:
            raise PictureError(f"the cache folder {task.cache} does not keep what is written to it")
        points[quality, strength] = complete
    return points


class _Original:
    """A picture with the original's half of each metric, done once."""

    def __init__(self, rgb: Picture):
        self.frame = Frame(rgb)
        self._prepared: dict[str, Any] = {}

    def prepared(self, metric: str) -> Any:
        if metric not in self._prepared:
            self._prepared[metric] = METRICS[metric]().prepare(self.frame)
        return self._prepared[metric]


# Tasks come picture by picture, and a large one takes memory: about 140 bytes for each pixel.
@functools.lru_cache(maxsize=1)
def _original(path: Path, sha256: str) -> _Original:
    del sha256  # part of the key: the file may change between runs of a long-lived process
    return _Original(open_picture(path).pixels)


@functools.lru_cache(maxsize=16)
def _preprocessor(candidate: Candidate) -> Preprocess:
    if multiprocessing.parent_process() is None:
        return candidate.load()
    # LiteRT greets on stderr when a process loads its first model, in the middle of the parent's progress.
    kept = os.dup(2)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        return candidate.load()
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)


def _edit(preprocess: Preprocess, rgb: Picture, quality: int, strength: float) -> Picture:
    result = preprocess(rgb, quality, strength)
    if result.shape != rgb.shape or result.dtype != np.uint8:
        raise PictureError(
            f"a preprocessor must return uint8 {rgb.shape}; it returned {result.dtype} {result.shape}"
        )
    return result
