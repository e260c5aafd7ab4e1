"""Measures `jpegpre batch`: throughput of both engines per worker, memory, and a run that loses an actor.

Usage: python tools/bench/batch.py WORK_DIR [--photos 2000] [--rounds 3]

The photos are those of tools/bench/soak_encode.py. Prints one JSON object; docs/scale.md quotes it.
"""

import argparse
import json
import os
import resource
import shutil
import signal
import statistics
import sys
import time
from pathlib import Path

from soak_encode import digests, make_photos

from jpegpre_tf import cluster


def outputs(folder: Path) -> dict[str, str]:
    """Relative path -> sha256 of the JPEG files."""
    return {name: digest for name, digest in digests(folder).items() if name.endswith(".jpg")}


def resident_mb() -> float:
    """Of this process, which lists, hands out and notes."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("VmRSS")).split()[1]) / 1000


def cpu_seconds() -> float:
    """Of this process, all its threads, none of the workers."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def timed(job: cluster.BatchJob, skip_first: int) -> tuple[float, float, float]:
    """Returns pictures per second, seconds per picture in a worker, and this process's CPU ms per picture.

    Starting takes seconds, once per run, whatever its length: the clock starts when `skip_first` are done.
    """
    times, busy, driver = [], [], []

    def note(row: cluster.Row) -> None:
        times.append(time.monotonic())
        busy.append(row.seconds)
        driver.append(cpu_seconds())

    cluster.run_batch(job, note)
    shutil.rmtree(job.target)
    measured = len(times) - skip_first
    driver_ms = 1000 * (driver[-1] - driver[skip_first - 1]) / measured
    return measured / (times[-1] - times[skip_first - 1]), statistics.median(busy), driver_ms


def throughput(photos: Path, work: Path, workers: int, rounds: int, engines: list[str]) -> dict[str, object]:
    """Pictures per second, engines taking turns: machines are shared."""
    found: dict[str, list[tuple[float, float, float]]] = {engine: [] for engine in engines}
    for number in range(rounds):
        for engine in engines if number % 2 == 0 else engines[::-1]:
            target = str(work / "throughput")
            job = cluster.BatchJob(str(photos), target, engine=engine, workers=workers, chunk=16)
            found[engine].append(timed(job, 16 * workers * 2))
    result: dict[str, object] = {
        engine: {
            "pictures_per_second": [round(rate, 2) for rate, _, _ in values],
            "seconds_per_picture": round(statistics.median(busy for _, busy, _ in values), 4),
            "driver_ms": round(statistics.median(driver for _, _, driver in values), 2),
        }
        for engine, values in found.items()
    }
    if {"local", "ray"} <= found.keys():
        ratios = [on_ray[0] / local[0] for on_ray, local in zip(found["ray"], found["local"], strict=True)]
        result["ray_over_local"] = [round(ratio, 3) for ratio in ratios]
        result["median_ray_over_local"] = round(statistics.median(ratios), 3)
    return result


def killed_in_the_middle(photos: Path, work: Path, count: int, engine: str) -> dict[str, object]:
    """A run that loses a worker half-way: what is in the manifest, and memory of the driver on the way."""
    rows, samples, killed = [], [], []

    def note(row: cluster.Row) -> None:
        rows.append(row.source)
        if len(rows) % 100 == 0:
            samples.append(resident_mb())
        if len(rows) == count // 2:
            killed.append(row.worker)
            os.kill(int(row.worker.rpartition(":")[2]), signal.SIGKILL)

    start = time.monotonic()
    summary = cluster.run_batch(
        cluster.BatchJob(str(photos), str(work / engine), engine=engine, workers=2), note
    )
    noted = cluster.read_manifest(cluster.Storage(str(work / engine)), "manifest.parquet")
    return {
        "pictures": summary.pictures,
        "failed": summary.failed,
        "workers_killed": len(killed),
        "seconds": round(time.monotonic() - start, 1),
        "rows_in_manifest": len(noted),
        "distinct_pictures_in_manifest": len({row.source for row in noted}),
        "workers_seen": len({row.worker for row in noted}),
        "done_more_than_once_attempts": sum(row.attempts > 1 for row in noted),
        "driver_mb_after_a_tenth": round(samples[len(samples) // 10], 1),
        "driver_mb_at_the_end": round(samples[-1], 1),
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("work", type=Path, metavar="WORK_DIR", help="folder to make; must not exist")
    parser.add_argument("--photos", type=int, default=2000)
    parser.add_argument("--rounds", type=int, default=3, help="of each engine, for the throughput")
    parser.add_argument("--sample", type=int, default=400, help="photos in a round")
    parser.add_argument("--only", choices=("killed", "throughput"), help="one of the two measurements")
    parser.add_argument("--workers", type=int, default=1, help="of the throughput")
    parser.add_argument("--width", type=int, default=640)
    parser.add_argument("--height", type=int, default=480)
    parser.add_argument("--engines", default="local,ray")
    arguments = parser.parse_args()
    work, engines = arguments.work, arguments.engines.split(",")
    size = arguments.width, arguments.height
    summary: dict[str, object] = {"megapixels_each": arguments.width * arguments.height / 1e6}
    if arguments.only != "throughput":
        make_photos(work / "photos", arguments.photos, size, size)
        whole = cluster.run_batch(cluster.BatchJob(str(work / "photos"), str(work / "whole"), workers=2))
        summary["whole"] = {"pictures": whole.pictures, "failed": whole.failed, "seconds": whole.seconds}
        for engine in engines:
            summary[f"killed_{engine}"] = {
                **killed_in_the_middle(work / "photos", work, arguments.photos, engine),
                "outputs_identical_to_an_undisturbed_local_run": outputs(work / engine)
                == outputs(work / "whole"),
            }
    if arguments.only != "killed":
        make_photos(work / "sample", arguments.sample, size, size)
        summary["throughput"] = throughput(
            work / "sample", work, arguments.workers, arguments.rounds, engines
        )
    print(json.dumps(summary, indent=1))
    shutil.rmtree(work)
    return 0


if __name__ == "__main__":
    sys.exit(main())
