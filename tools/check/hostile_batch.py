"""An archive in S3 with hostile keys, a worker that is killed and a disk that is full: what `batch` makes of it.

    python tools/check/hostile_batch.py [--pictures 2000] [--hostile 100]

Needs the extras [cluster] and [test], and root for a small disk. Prints what was checked; exits with 1 if a file is
outside of the target, a picture has no row, or an output is not what an undisturbed run writes.
"""

import argparse
import contextlib
import hashlib
import io
import os
import random
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

from PIL import Image

from jpegpre_tf import cluster
from jpegpre_tf.errors import StorageError

PHOTO = Path(__file__).parents[2] / "tests" / "pictures" / "gb82_girl.webp"
PATTERNS = (
    "../up{0}.jpg",
    "a/../../up{0}.jpg",
    "../../../../tmp/up{0}.jpg",
    "/abs{0}.jpg",
    "a//empty{0}.jpg",
    "./dot{0}.jpg",
    "b/./dot{0}.jpg",
    "b/../dot{0}.jpg",
    "esc\x1b[31m{0}/../../x.jpg",
    "../../{0}.jpg",
)


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--pictures", type=int, default=2000)
    parser.add_argument("--hostile", type=int, default=100)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, _server() as client:
        good, hostile = _fill(client, arguments.pictures, arguments.hostile)
        return _check(Path(folder), good, hostile)


def _fill(client, pictures: int, hostile: int) -> tuple[set[str], set[str]]:
    with Image.open(PHOTO) as image:
        photo = image.convert("RGB")
    random.seed(1)
    good, bad = set(), set()
    client.create_bucket(Bucket="archive")
    for number in range(pictures + hostile):
        left, top = random.randrange(480), random.randrange(480)
        file = io.BytesIO()
        photo.crop((left, top, left + 96, top + 64)).save(file, "JPEG", quality=90 + number % 8)
        is_good = number < pictures
        key = f"{number % 7}/{number:05}.jpg" if is_good else PATTERNS[number % len(PATTERNS)].format(number)
        (good if is_good else bad).add(key)
        client.put_object(Bucket="archive", Key=f"in/{key}", Body=file.getvalue())
    return good, bad


def _check(folder: Path, good: set[str], hostile: set[str]) -> int:
    disk = folder / "deep" / "disk"
    disk.mkdir(parents=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={len(good)}k", "tmpfs", str(disk)], check=True)
    killed: list[int] = []

    def kill_once(row: cluster.Row) -> None:
        if not killed and row.status == "encoded":
            killed.append(int(row.worker.rpartition(":")[2]))
            os.kill(killed[0], signal.SIGKILL)

    job = cluster.BatchJob("s3://archive/in", str(disk / "out"), workers=2)
    problems = []
    try:
        try:
            cluster.run_batch(job, kill_once)
            problems.append("the full disk was not met")
        except StorageError as error:
            print(f"full disk: {error}")
        subprocess.run(["mount", "-o", "remount,size=500m", str(disk)], check=True)
        summary = cluster.run_batch(job, kill_once)
        print(f"with room again, one worker killed: {summary}")
        rows = {row.source: row for row in cluster.read_manifest(cluster.Storage(str(disk / "out")))}
        written = {path.relative_to(disk / "out").as_posix(): path for path in disk.rglob("*.jpg")}
        outside = [
            path for path in folder.rglob("*") if path.is_file() and not path.is_relative_to(disk / "out")
        ]
        whole = folder / "whole"
        cluster.run_batch(cluster.BatchJob("s3://archive/in", str(whole), workers=2))
        differing = [name for name in good if _digest(whole / name) != _digest(written.get(name))]
        failed = {name for name, row in rows.items() if row.status == "failed"}
        for name, found in (
            ("files outside of the target", outside),
            ("outputs that are missing or not those of an undisturbed run", differing),
            ("files that belong to no picture", set(written) - good),
            ("pictures without a row", good - set(rows)),
            ("pictures that failed", good & failed),
        ):
            print(f"{len(found)} {name} {sorted(map(str, found))[:5]}")
            problems += [name] if found else []
        covered = [key for key in hostile if key in rows or _is_covered(key, failed)]
        print(f"{len(covered)} of {len(hostile)} hostile keys have a failed row, or their folder has")
        missing = sorted(hostile - set(covered))[:5]
        problems += [f"hostile keys without a row: {missing}"] if missing else []
    finally:
        subprocess.run(["umount", str(disk)], check=False)
    print("\n".join(problems) or "all as promised")
    return 1 if problems else 0


def _is_covered(key: str, failed: set[str]) -> bool:
    return any(name.endswith("/") and key.startswith(name.rstrip("/") + "/") for name in failed)


def _digest(path: Path | None) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest() if path is not None and path.exists() else ""


@contextlib.contextmanager
def _server():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server = subprocess.Popen(
        [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    url = f"http://127.0.0.1:{port}"
    os.environ.update(
        AWS_ENDPOINT_URL=url,
        AWS_ACCESS_KEY_ID="AKIAIOSFODNN7EXAMPLE",
        AWS_SECRET_ACCESS_KEY="example-example",
        AWS_DEFAULT_REGION="us-east-1",
        NO_PROXY="*",
    )
    try:
        for _ in range(300):
            with contextlib.suppress(OSError):
                urllib.request.urlopen(f"{url}/moto-api/data.json", timeout=5).close()
                break
            time.sleep(0.2)
        import boto3

        yield boto3.client("s3")
    finally:
        server.kill()
        server.wait()


if __name__ == "__main__":
    sys.exit(main())
