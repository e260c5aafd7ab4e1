"""What runs in a worker process: make a file, decode, score."""

import functools
import json
import multiprocessing
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jpegpre_tf._types import RGBImage
from jpegpre_tf.errors import PictureError
from jpegpre_tf.evaluation.cache import Point, PointCache
from jpegpre_tf.evaluation.candidates import Candidate
from jpegpre_tf.evaluation.metrics import METRICS, Frame
from jpegpre_tf.evaluation.pictures import PictureFile
from jpegpre_tf.evaluation.points.operating_point import OperatingPoint
from jpegpre_tf.evaluation.writing.file_writer import FileWriter
from jpegpre_tf.runtime.quiet import redirect_stderr


@dataclass(frozen=True)
class Task:
    """Points of one candidate on one picture that are not in the cache.

    Attributes:
        picture: The picture.
        candidate: The candidate.
        keys: Operating point -> key in the cache.
        versions: Metric name -> version.
        cache: Folder of the cache.
    """

    picture: PictureFile
    candidate: Candidate
    keys: Mapping[OperatingPoint, str]
    versions: Mapping[str, str]
    cache: Path


def evaluate_points(task: Task) -> dict[OperatingPoint, Point]:
    """Makes and scores the files of `task` and puts each into the cache as soon as it is there.

    Raises:
        Exception: Anything that goes wrong; the caller reports it and goes on with other tasks.
    """
    original = _open_original(task.picture)
    identity = json.dumps(task.candidate.preprocessor_identity(), sort_keys=True)
    writer = _make_writer(task.candidate, identity)
    cache = PointCache(task.cache)
    points = {}
    for at, key in task.keys.items():
        complete = cache.get(key, task.versions)
        if complete is not None:  # another candidate has the same files, such as an untouched picture
            points[at] = complete
            continue
        held = cache.get(key, {})
        missing = cache.missing(key, task.versions)
        encoded = writer.write(original.frame.rgb, at.quality, at.strength)
        decoded = Frame(encoded.decoded)
        if held is not None and held.size_bytes != encoded.size_bytes:
            missing = list(task.versions)
        fresh = {name: METRICS[name]().score(original.prepare(name), decoded) for name in missing}
        cache.put(key, Point(encoded.size_bytes, fresh), task.versions)
        complete = cache.get(key, task.versions)
        if complete is None:
            raise PictureError(f"the cache folder {task.cache} does not keep what is written to it")
        points[at] = complete
    return points


class _Original:
    """A picture with the original's half of each metric, done once."""

    def __init__(self, rgb: RGBImage):
        self.frame = Frame(rgb)
        self._prepared: dict[str, Any] = {}

    def prepare(self, metric: str) -> Any:
        if metric not in self._prepared:
            self._prepared[metric] = METRICS[metric]().prepare(self.frame)
        return self._prepared[metric]


# Tasks come picture by picture, and a large one takes memory: about 140 bytes for each pixel.
@functools.lru_cache(maxsize=1)
def _open_original(picture: PictureFile) -> _Original:
    # Its hash is part of the key: the file may change between runs of a long-lived process.
    return _Original(picture.reading.open(picture.path).pixels)


@functools.lru_cache(maxsize=16)
def _make_writer(candidate: Candidate, identity: str) -> FileWriter:
    del identity  # part of the key: a model's folder may be written anew
    if multiprocessing.parent_process() is None:
        return candidate.make_writer()
    # LiteRT greets on stderr when a process loads its first model, in the middle of the parent's progress.
    with redirect_stderr():
        return candidate.make_writer()
