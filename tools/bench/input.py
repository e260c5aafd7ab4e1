"""Measures the input pipeline of `jpegpre train --strategy`: crops per second, and cores kept busy.

Usage: python tools/bench/input.py [--batches 60]

Prints one JSON object per kind of input; docs/scale.md quotes it.
"""

import argparse
import json
import resource
import sys
import tarfile
import tempfile
import time
from pathlib import Path

import tensorflow as tf
from soak_encode import make_photos

from jpegpre_tf.training.config import TrainConfig
from jpegpre_tf.training.data.shards import PictureSource
from jpegpre_tf.training.distributed.global_batches import GlobalBatches


def make_shards(photos: Path, folder: Path, per_shard: int) -> dict[str, Path]:
    """The same photos in a folder, in tar files and in TFRecord files."""
    paths = sorted(photos.rglob("*.jpg"))
    folders = {"folder": photos, "tar": folder / "tar", "tfrecord": folder / "tfrecord"}
    folders["tar"].mkdir()
    folders["tfrecord"].mkdir()
    for number in range(0, len(paths), per_shard):
        part = paths[number : number + per_shard]
        with tarfile.open(folders["tar"] / f"{number:05}.tar", "w") as archive:
            for path in part:
                archive.add(path, path.name)
        with tf.io.TFRecordWriter(str(folders["tfrecord"] / f"{number:05}.tfrecord")) as writer:
            for path in part:
                feature = tf.train.Feature(bytes_list=tf.train.BytesList(value=[path.read_bytes()]))
                features = tf.train.Features(feature={"image/encoded": feature})
                writer.write(tf.train.Example(features=features).SerializeToString())
    return folders


def cpu_seconds() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--batches", type=int, default=60)
    parser.add_argument("--width", type=int, default=1632)
    parser.add_argument("--height", type=int, default=1224)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as work:
        size = arguments.width, arguments.height
        make_photos(Path(work) / "photos", 64, size, size)
        config = TrainConfig().with_fields(batch_size=8, crop_size=256)
        for kind, folder in make_shards(Path(work) / "photos", Path(work), 8).items():
            batches = GlobalBatches(PictureSource(str(folder)), config, steps_per_epoch=10**6)
            for _ in range(12):  # until the crops that wait are as many as they get
                batches.take()
            start, busy = time.monotonic(), cpu_seconds()
            for _ in range(arguments.batches):
                batches.take()
            seconds, busy = time.monotonic() - start, cpu_seconds() - busy
            batches.close()
            result = {
                "input": kind,
                "megapixels": round(arguments.width * arguments.height / 1e6, 2),
                "crops_per_second": round(config.data.batch_size * arguments.batches / seconds, 1),
                "cores_busy": round(busy / seconds, 2),
                "crops_per_cpu_second": round(config.data.batch_size * arguments.batches / busy, 1),
            }
            print(json.dumps(result))
    return 0


if __name__ == "__main__":
    sys.exit(main())
