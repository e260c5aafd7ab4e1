"""Measures what one picture costs, stage by stage, and computes from it what an archive costs.

Usage: python tools/bench/scale_model.py [--pictures 1e9] [--core-hour 0.04] ...

Prints one JSON object; docs/scale.md quotes it. Prices are assumptions to be replaced by yours.
"""

import argparse
import dataclasses
import hashlib
import io
import json
import os
import resource
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import tracemalloc
import urllib.request
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image

from jpegpre_tf import cluster, runtime
from jpegpre_tf.cluster.manifest import Manifest
from jpegpre_tf.cluster.rows import empty_row
from jpegpre_tf.cluster.tasks import Task

ROOT = Path(__file__).resolve().parents[2]
# Megapixels -> (width, height): a thumbnail of a shop, a picture of the web, a phone's photo.
SIZES = {"0.3": (640, 480), "2": (1632, 1224), "12": (4000, 3000)}
# S3's documented limits per prefix and second: docs.aws.amazon.com, "Optimizing Amazon S3 performance".
GETS_PER_SECOND, PUTS_PER_SECOND = 5500, 3500


def cpu_seconds() -> float:
    """Of this process, all threads."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def median_ms(work: Callable[[], object], rounds: int) -> float:
    """CPU time of one call: other programs take turns with this one, and wall time would count theirs."""
    times = []
    for _ in range(rounds):
        start = cpu_seconds()
        work()
        times.append(1000 * (cpu_seconds() - start))
    return round(statistics.median(times), 2)


def stages(width: int, height: int) -> dict[str, float]:
    """CPU milliseconds of each stage for one JPEG photo of quality 92, and its sizes in bytes."""
    with Image.open(ROOT / "tests/pictures/gb82_city.webp") as picture:
        image = picture.convert("RGB")
    # Tiled, not enlarged: enlarged pictures have no fine detail, and cost the Huffman coder too little.
    tiles = np.asarray(image)
    repeats = -(-height // tiles.shape[0]), -(-width // tiles.shape[1]), 1
    pixels = np.ascontiguousarray(np.tile(tiles, repeats)[:height, :width])
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "JPEG", quality=92)
    content = file.getvalue()
    session = runtime.load("balanced", threads=1)
    rounds = 9 if width < 3000 else 3
    edited = session(pixels, 75)
    jpeg = runtime.encode_jpeg(edited, 75)
    result = {
        "decode_ms": median_ms(lambda: Image.open(io.BytesIO(content)).convert("RGB"), rounds),
        "network_ms": median_ms(lambda: session(pixels, 75), rounds),
        "encode_ms": median_ms(lambda: runtime.encode_jpeg(edited, 75), rounds),
        "psnr_ms": median_ms(lambda: runtime.psnr_db(pixels, jpeg), rounds),
        "whole_ms": median_ms(lambda: runtime.encode_bytes(content, "x.jpg", session), rounds),
    }
    return {**result, "bytes_in": len(content), "bytes_out": len(jpeg)}


def storage_requests(count: int = 200) -> dict[str, float]:
    """CPU milliseconds of this side of one S3 request of 100 kB, against a moto server."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    url = f"http://127.0.0.1:{port}"
    os.environ |= {"AWS_ENDPOINT_URL": url, "AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "x"}
    os.environ |= {"AWS_DEFAULT_REGION": "us-east-1"}
    try:
        for _ in range(200):
            try:
                urllib.request.urlopen(url, timeout=5).close()
                break
            except OSError:
                time.sleep(0.2)
        request = urllib.request.Request(f"{url}/photos", method="PUT", headers={"Host": f"127.0.0.1:{port}"})
        urllib.request.urlopen(request).close()
        storage = cluster.Storage("s3://photos")
        content = bytes(100_000)
        storage.write("warm", content)
        start = cpu_seconds()
        for number in range(count):
            storage.write(f"{number}.jpg", content)
        put = cpu_seconds() - start
        start = cpu_seconds()
        for number in range(count):
            storage.read(f"{number}.jpg")
        get = cpu_seconds() - start
        start = cpu_seconds()
        storage.files()
        listed = cpu_seconds() - start
    finally:
        server.kill()
        server.wait()
    return {
        "put_ms": round(1000 * put / count, 2),
        "get_ms": round(1000 * get / count, 2),
        "list_ms_per_picture": round(1000 * listed / count, 3),
    }


def driver(count: int = 100_000) -> dict[str, float]:
    """What the one process that lists and notes takes for one picture: the limit of a run."""
    with tempfile.TemporaryDirectory() as folder:
        manifest = Manifest(cluster.Storage(folder), "settings", "manifest.parquet")
        row = dataclasses.replace(empty_row(Task("", ""), "encoded"), settings="settings")
        start = cpu_seconds()
        for number in range(count):
            name = f"folder/{number:09}.jpg"
            digests = {
                key: hashlib.sha256(f"{key}{name}".encode()).hexdigest() for key in ("sha256", "sha256_input")
            }
            sizes = {"size_bytes": 50_000 + number % 7919, "size_bytes_input": 100_000 + number % 7907}
            manifest.add(dataclasses.replace(row, source=name, target=name, **digests, **sizes))
        manifest.finish()
        noted = cpu_seconds() - start
        size = (Path(folder) / "manifest.parquet").stat().st_size
        start = cpu_seconds()
        Manifest(cluster.Storage(folder), "settings", "manifest.parquet")
        read = cpu_seconds() - start
        tracemalloc.start()
        known = Manifest(cluster.Storage(folder), "settings", "manifest.parquet")
        held, _ = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        del known
    return {
        "note_ms_per_picture": round(1000 * noted / count, 4),
        "read_ms_per_picture": round(1000 * read / count, 4),
        "manifest_bytes_per_picture": round(size / count, 1),
        "memory_bytes_per_picture_known": round(held / count),
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pictures", type=float, default=1e9)
    parser.add_argument("--core-hour", type=float, default=0.04, help="price of one core for one hour")
    parser.add_argument("--put", type=float, default=5e-6, help="price of one PUT or LIST request")
    parser.add_argument("--get", type=float, default=4e-7, help="price of one GET request")
    parser.add_argument("--days", type=float, default=7, help="in which an archive is to be done")
    parser.add_argument(
        "--driver-ms",
        type=float,
        default=0.5,
        help="CPU of the process that lists, hands out and notes, per picture (tools/bench/batch.py: driver_ms)",
    )
    arguments = parser.parse_args()
    driver_costs = driver()
    requests = storage_requests()
    report: dict[str, object] = {"storage": requests, "driver": driver_costs}
    for name, size in SIZES.items():
        costs = stages(*size)
        per_picture_ms = costs["whole_ms"] + requests["put_ms"] + requests["get_ms"]
        per_core_second = 1000 / per_picture_ms
        cores = arguments.pictures / per_core_second / (86400 * arguments.days)
        rate = arguments.pictures / (86400 * arguments.days)
        report[f"{name} MP"] = {
            **costs,
            "pictures_per_core_hour": round(3600 * per_core_second),
            "core_hours": round(arguments.pictures / per_core_second / 3600),
            "price_of_cores": round(arguments.pictures / per_core_second / 3600 * arguments.core_hour),
            "price_of_requests": round(
                arguments.pictures * (arguments.put + arguments.get + arguments.put / 1000)
            ),
            f"cores_for_{arguments.days:g}_days": round(cores),
            "gigabit_per_second_in": round(8e-9 * rate * costs["bytes_in"], 1),
            "gigabit_per_second_out": round(8e-9 * rate * costs["bytes_out"], 1),
            "megabit_per_second_in_per_core": round(8e-6 * per_core_second * costs["bytes_in"], 1),
            "cores_that_one_prefix_feeds": round(min(GETS_PER_SECOND, PUTS_PER_SECOND) / per_core_second),
            "cores_that_one_run_feeds": round(1000 / arguments.driver_ms / per_core_second),
        }
    print(json.dumps(report, indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
