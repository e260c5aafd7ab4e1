"""Several workers: the same curve as one, whatever the input is, and a lost worker costs an epoch at most."""

import io
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tarfile
import time
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from jpegpre_tf.cli.main import main
from jpegpre_tf.errors import PictureError
from jpegpre_tf.training.config import TrainConfig
from jpegpre_tf.training.data.shards import PictureSource
from jpegpre_tf.training.distributed.global_batches import GlobalBatches

pytest.importorskip("fsspec", reason="needs the extra [cluster]")

PICTURES = Path(__file__).parents[2] / "pictures"
TINY = {
    "steps": 12,
    "steps_per_epoch": 2,
    "batch_size": 4,
    "crop_size": 32,
    "channels": 8,
    "mixing_blocks": 1,
    "chroma_mixing_blocks": 1,
    "learning_rate": 0.1,
    "jit_compile": False,
}


@pytest.fixture(scope="module")
def photos(tmp_path_factory) -> Path:
    """Nine small PNG files."""
    folder = tmp_path_factory.mktemp("photos")
    with Image.open(PICTURES / "gb82_city.webp") as picture:
        image = picture.convert("RGB")
    for number in range(9):
        left, top = 60 * (number % 3), 60 * (number // 3)
        image.crop((left, top, left + 56, top + 48)).save(folder / f"{number}.png")
    return folder


def tar_of(paths: list[Path], target: Path) -> None:
    with tarfile.open(target, "w") as archive:
        for number, path in enumerate(paths):
            # As WebDataset has it: files of one sample share a stem.
            archive.add(path, f"{number:06}.png")
            text = f"{number}".encode()
            member = tarfile.TarInfo(f"{number:06}.cls")
            member.size = len(text)
            archive.addfile(member, io.BytesIO(text))


def tfrecord_of(paths: list[Path], target: Path) -> None:
    with tf.io.TFRecordWriter(str(target)) as writer:
        for path in paths:
            feature = tf.train.Feature(bytes_list=tf.train.BytesList(value=[path.read_bytes()]))
            features = tf.train.Features(feature={"image/encoded": feature})
            writer.write(tf.train.Example(features=features).SerializeToString())


@pytest.fixture(scope="module")
def shards(photos, tmp_path_factory) -> dict[str, Path]:
    """Kind -> folder: the pictures by themselves, in tar files and in TFRecord files, three per shard."""
    paths = sorted(photos.iterdir())
    folders = {kind: tmp_path_factory.mktemp(kind) for kind in ("tar", "tfrecord")}
    for number in range(3):
        tar_of(paths[3 * number : 3 * number + 3], folders["tar"] / f"{number}.tar")
        tfrecord_of(paths[3 * number : 3 * number + 3], folders["tfrecord"] / f"{number}.tfrecord")
    return {"folder": photos, **folders}


def take(folder: Path, config: TrainConfig, batches: int, **which: int) -> list[tuple[np.ndarray, ...]]:
    made = GlobalBatches(PictureSource(str(folder)), config, steps_per_epoch=3, **which)
    taken = [made.take() for _ in range(batches)]
    made.close()
    return taken


@pytest.mark.parametrize("kind", ["folder", "tar", "tfrecord"])
def test_workers_share_the_global_batch_of_one(shards, kind):
    config = TrainConfig().with_fields(batch_size=4, crop_size=32, drawn_share=0.3)
    whole = take(shards[kind], config, 7)
    halves = [take(shards[kind], config, 7, worker=worker, workers=2) for worker in (0, 1)]
    for one, first, second in zip(whole, *halves, strict=True):
        for parts in zip(one, first, second, strict=True):
            np.testing.assert_array_equal(parts[0], np.concatenate(parts[1:]))
    # A run that starts with the second epoch has what comes there.
    for one, again in zip(whole[3:], take(shards[kind], config, 4, first_epoch=1), strict=True):
        np.testing.assert_array_equal(one[0], again[0])
    assert not np.array_equal(whole[0][0], whole[3][0])


@pytest.mark.parametrize("kind", ["folder", "tar", "tfrecord"])
@pytest.mark.parametrize("streams", [1, 2, 4, 8])
def test_streams_share_every_picture_out_once(shards, kind, streams):
    source = PictureSource(str(shards[kind]))
    found = [content for index in range(streams) for _, content in source.stream(index, streams, (0, 0, 0))]
    pictures = sorted(path.read_bytes() for path in shards["folder"].iterdir())
    assert sorted(found) == pictures
    again = [content for index in range(streams) for _, content in source.stream(index, streams, (0, 0, 0))]
    assert again == found


def test_sources_at_a_url_and_unusable_ones(shards, tmp_path):
    import fsspec

    memory = fsspec.filesystem("memory")
    for path in shards["tar"].iterdir():
        memory.pipe_file(f"/train/{path.name}", path.read_bytes())
    source = PictureSource("memory://train")
    assert source.kind == "tar" and len(list(source.stream(0, 1, (0,)))) == 9
    with pytest.raises(PictureError, match="found none"):
        PictureSource(str(tmp_path))
    (tmp_path / "cut.tfrecord").write_bytes((shards["tfrecord"] / "0.tfrecord").read_bytes()[:1000])
    with pytest.raises(PictureError, match=r"cut\.tfrecord: .*truncated"):
        list(PictureSource(str(tmp_path)).stream(0, 1, (0,)))
    (tmp_path / "text.tar").write_text("no tar" * 1000)
    with pytest.raises(PictureError, match=r"text\.tar: expected a tar file"):
        list(PictureSource(str(tmp_path)).stream(0, 1, (0,)))
    # Broken pictures are left out; nothing but broken ones is an error.
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "broken.png").write_bytes(b"broken")
    config = TrainConfig().with_fields(batch_size=2, crop_size=32)
    with pytest.raises(PictureError, match="no picture to train with can be decoded"):
        take(tmp_path / "photos", config, 1)
    (tmp_path / "photos" / "whole.png").write_bytes((shards["folder"] / "0.png").read_bytes())
    assert len(take(tmp_path / "photos", config, 4)) == 4


class Run:
    """Workers of one training run on loopback, each a process of its own."""

    def __init__(self, data: Path, folder: Path, config: Path, count: int) -> None:
        self.arguments = ["train", str(data), "--config", str(config), "-o", str(folder)]
        self.folder = folder
        self.count = count

    def start(self, *more: str) -> list[subprocess.Popen]:
        sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(self.count)]
        addresses = [f"127.0.0.1:{held.getsockname()[1]}" for held in sockets]
        for held in sockets:
            held.close()
        workers = []
        for index in range(self.count):
            task = {"cluster": {"worker": addresses}, "task": {"type": "worker", "index": index}}
            environment = {**os.environ, "TF_CONFIG": json.dumps(task)}
            command = [
                sys.executable,
                "-m",
                "jpegpre_tf",
                *self.arguments,
                "--strategy",
                "multi-worker",
                *more,
            ]
            workers.append(
                subprocess.Popen(
                    command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
                )
            )
        return workers

    def curve(self) -> list[dict[str, float]]:
        log = self.folder / "log.jsonl"
        return [json.loads(line) for line in log.read_text().splitlines()] if log.exists() else []


def loss_of(curve: list[dict[str, float]]) -> np.ndarray:
    return np.array([[epoch[name] for name in ("loss", "rate_bpp", "psnr")] for epoch in curve])


@pytest.mark.slow
def test_two_workers_have_the_curve_of_one_and_a_lost_worker_is_made_up_for(shards, tmp_path, capsys):
    config = tmp_path / "tiny.json"
    config.write_text(json.dumps(TINY))
    data = ["train", str(shards["tar"]), "--config", str(config)]
    assert main([*data, "-o", str(tmp_path / "one"), "--strategy", "single"]) == 0
    one = Run(shards["tar"], tmp_path / "one", config, 1)
    expected = loss_of(one.curve())
    assert len(expected) == 6 and all(0 <= epoch["data_wait_share"] <= 1 for epoch in one.curve())
    # The weights moved by far more than the tolerance: equal curves are no accident of small steps.
    assert abs(expected[-1][0] - expected[0][0]) > 1e-2 * abs(expected[0][0])

    two = Run(shards["tar"], tmp_path / "two", config, 2)
    workers = two.start()
    deadline = time.monotonic() + 150
    while len(two.curve()) < 1 and time.monotonic() < deadline:
        time.sleep(0.05)
    workers[1].send_signal(signal.SIGKILL)
    workers[1].communicate()
    error = workers[0].communicate(timeout=150)[1]
    assert workers[0].returncode == 1
    assert error.splitlines()[-1].startswith("jpegpre: error: worker 0 of 2: another worker is gone"), error
    done = len(two.curve())
    assert 1 <= done < 6

    # Worker 1 comes back on an empty disk: it is given the state of worker 0.
    (tmp_path / "two" / "checkpoint" / "worker-1.npz").unlink(missing_ok=True)
    workers = two.start("--resume")
    errors = [worker.communicate(timeout=150)[1] for worker in workers]
    assert [worker.returncode for worker in workers] == [0, 0], errors
    # Sums over the batch in another order, twelve steps of Adam long; measured: 7e-8.
    np.testing.assert_allclose(loss_of(two.curve()), expected, rtol=1e-5)
    assert (tmp_path / "two" / "model.keras").exists()


@pytest.mark.slow
def test_a_run_stops_when_the_validation_loss_does_not_fall_any_more(shards, tmp_path, capsys):
    config = tmp_path / "tiny.json"
    # Nothing is learned: the first epoch is the best, as far as can be told.
    config.write_text(
        json.dumps({**TINY, "learning_rate": 1e-9, "steps": 10, "steps_per_epoch": 1, "patience": 2})
    )
    run = Run(shards["tar"], tmp_path / "run", config, 1)
    (tmp_path / "held-back").mkdir()
    shutil.copy(shards["folder"] / "0.png", tmp_path / "held-back")
    validation = ["--validation", str(tmp_path / "held-back"), "--strategy", "single"]
    assert main([*run.arguments, *validation]) == 0
    losses = [epoch["val_loss"] for epoch in run.curve()]
    assert len(losses) < 10 and len(losses) - 1 - int(np.argmin(losses)) == 2
    assert (tmp_path / "run" / "best.keras").exists()


@pytest.mark.parametrize(
    ("tf_config", "message"),
    [
        (None, "multi-worker needs TF_CONFIG"),
        ("not json", "multi-worker needs TF_CONFIG"),
        (
            '{"cluster": {"worker": ["a:1"]}, "task": {"type": "worker", "index": 1}}',
            "multi-worker needs TF_CONFIG",
        ),
    ],
)
def test_a_wrong_tf_config_is_one_line(shards, tmp_path, capsys, monkeypatch, tf_config, message):
    monkeypatch.delenv("TF_CONFIG", raising=False)
    if tf_config is not None:
        monkeypatch.setenv("TF_CONFIG", tf_config)
    arguments = ["train", str(shards["tar"]), "-o", str(tmp_path / "run"), "--strategy", "multi-worker"]
    assert main(arguments) == 2
    error = capsys.readouterr().err
    assert message in error and error.count("\n") == 1


def test_a_batch_that_workers_cannot_share_and_missing_data_are_one_line(shards, tmp_path, capsys):
    arguments = ["-o", str(tmp_path / "run"), "--strategy", "single"]
    assert main(["train", str(tmp_path / "none"), *arguments]) == 1
    assert "there is nothing of this name" in capsys.readouterr().err
    with pytest.raises(ValueError, match="must divide `batch_size`"):
        GlobalBatches(PictureSource(str(shards["tar"])), TrainConfig().with_fields(batch_size=3), workers=2)
