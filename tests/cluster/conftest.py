"""Small archives, and an S3 server that is a program of its own."""

import os
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from jpegpre_tf.cli.common.output import progress
from tests.cluster.archives import small_photo


@pytest.fixture(autouse=True)
def no_progress_lines(monkeypatch) -> None:
    """On a slow machine a run says every half minute how far it is."""
    monkeypatch.setattr(progress, "_SECONDS_BETWEEN_LINES", float("inf"))


@pytest.fixture
def archive(tmp_path) -> Path:
    """photos/ with 12 pictures in three folders, one broken file, and what is not a picture."""
    folder = tmp_path / "photos"
    for number in range(12):
        file = folder / ("", "a", "a/b")[number % 3] / f"{number:02}.jpg"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(small_photo(number))
    (folder / "a" / "broken.png").write_bytes(b"not a picture")
    (folder / "notes.txt").write_text("text")
    (folder / "._00.jpg").write_bytes(b"attributes of another system")
    Image.fromarray(np.zeros((8, 8, 4), np.uint8)).save(folder / "clear.png")
    return folder


@pytest.fixture
def poison(tmp_path, monkeypatch) -> None:
    """Kills every worker process, of either engine, that comes to a picture named poison.jpg."""
    code = """
import os, signal, sys
if any("jpegpre_tf" in word or "default_worker" in word for word in sys.orig_argv):
    from jpegpre_tf.cluster import worker
    before = worker.BatchWorker._row
    def row(self, task, content):
        if task.source.endswith("poison.jpg"):
            os.kill(os.getpid(), signal.SIGKILL)
        return before(self, task, content)
    worker.BatchWorker._row = row
"""
    (tmp_path / "hook").mkdir()
    (tmp_path / "hook" / "sitecustomize.py").write_text(code)
    path = os.pathsep.join([str(tmp_path / "hook"), *filter(None, [os.environ.get("PYTHONPATH")])])
    monkeypatch.setenv("PYTHONPATH", path)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="session")
def s3_server():
    """URL of a moto server, in a process of its own."""
    pytest.importorskip("s3fs", reason="needs the extra [cluster]")
    pytest.importorskip("moto.server", reason="needs the extra [test]")
    port = free_port()
    environment = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    server = subprocess.Popen(
        [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=environment,
    )
    url = f"http://127.0.0.1:{port}"
    deadline = time.monotonic() + 60
    while True:
        try:
            urllib.request.urlopen(f"{url}/moto-api/data.json", timeout=5).close()
            break
        except OSError:
            if server.poll() is not None or time.monotonic() > deadline:
                raise
            time.sleep(0.2)
    yield url
    server.kill()
    server.wait()


@pytest.fixture
def s3(s3_server, monkeypatch):
    """boto3 client of an empty server, which the environment points to; there is a bucket "photos"."""
    import boto3

    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    settings = {
        "AWS_ENDPOINT_URL": s3_server,
        "AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE",
        "AWS_SECRET_ACCESS_KEY": "example",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_SHARED_CREDENTIALS_FILE": "/nonexistent",
        "AWS_CONFIG_FILE": "/nonexistent",
        "NO_PROXY": "*",
        "no_proxy": "*",
    }
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    urllib.request.urlopen(urllib.request.Request(f"{s3_server}/moto-api/reset", method="POST")).close()
    client = boto3.client("s3")
    client.create_bucket(Bucket="photos")
    return client
