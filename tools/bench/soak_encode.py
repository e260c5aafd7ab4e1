"""Encodes many photos in one run: throughput on 1 and 2 jobs, memory over time, kill -9 and --resume.

Usage: python tools/bench/soak_encode.py WORK_DIR [--photos 2000] [--part soak|throughput|both] [--plot memory.png]

The photos are made from tests/pictures: crops, mirrored and scaled, as JPEG files of a camera's quality with EXIF.
Every fifth is a large one.
Prints one JSON object. With --plot, a picture of memory over pictures done (needs matplotlib).
"""

import argparse
import hashlib
import json
import os
import resource
import shutil
import signal
import statistics
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
from PIL import Image

ROOT = Path(__file__).resolve().parents[2]
JOURNAL = ".jpegpre-journal.jsonl"


def make_photos(folder: Path, count: int, small: tuple[int, int], large: tuple[int, int]) -> float:
    """Writes `count` different photos, the same ones each time; returns their megapixels."""
    folder.mkdir(parents=True)
    pictures = [Image.open(path).convert("RGB") for path in sorted((ROOT / "tests/pictures").glob("*.webp"))]
    chance = np.random.default_rng(0)
    exif = Image.Exif()
    exif[0x010F] = "Soak"
    pixels = 0
    for number in range(count):
        width, height = small if number % 5 else large
        pixels += width * height
        picture = pictures[number % len(pictures)]
        scale = chance.uniform(0.4, 0.9)
        size = int(picture.width * scale), int(picture.height * scale)
        left, top = (
            int(chance.integers(0, full - part + 1)) for full, part in zip(picture.size, size, strict=True)
        )
        crop = picture.crop((left, top, left + size[0], top + size[1])).resize((width, height))
        if chance.random() < 0.5:
            crop = crop.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
        exif[0x0112] = int(chance.choice((1, 6)))
        subfolder = folder / f"{number // 500}"
        subfolder.mkdir(exist_ok=True)
        crop.save(subfolder / f"{number:05}.jpg", quality=92, exif=exif)
    return pixels / 1e6


def memory_mb(process: subprocess.Popen[bytes]) -> float:
    """Resident size now."""
    try:
        status = Path(f"/proc/{process.pid}/status").read_text()
    except OSError:
        return 0.0
    found = [line for line in status.splitlines() if line.startswith("VmRSS")]
    return int(found[0].split()[1]) / 1000 if found else 0.0


def run(
    photos: Path, out: Path, *options: str, kill_after: int | None = None
) -> tuple[int, float, list[tuple[int, float]]]:
    """Runs the command; returns its exit code, wall seconds, and (pictures done, MB) now and then."""
    command = [sys.executable, "-m", "jpegpre_tf", "encode", str(photos), "-o", str(out), "--json", *options]
    start = time.monotonic()
    samples = []
    with (out.parent / f"{out.name}.log").open("ab") as log:
        process = subprocess.Popen(
            command, stdout=log, stderr=log, env=os.environ | {"PYTHONPATH": str(ROOT)}
        )
        while process.poll() is None:
            time.sleep(0.5)
            journal = out / JOURNAL
            done = journal.read_bytes().count(b"\n") if journal.exists() else 0
            if done:
                samples.append((done, memory_mb(process)))
            if kill_after is not None and done >= kill_after:
                process.send_signal(signal.SIGKILL)
                process.wait()
    return process.returncode, time.monotonic() - start, [sample for sample in samples if sample[1]]


def throughput(photos: Path, work: Path, rounds: int) -> dict[str, object]:
    """Photos per second of wall and CPU time with 1 and 2 jobs, taken alternately: machines are shared."""
    count = sum(1 for _ in photos.glob("*.jpg"))
    measured: dict[str, list[tuple[float, float]]] = {"jobs_1": [], "jobs_2": []}
    for _ in range(rounds):
        for name, times in measured.items():
            before = resource.getrusage(resource.RUSAGE_CHILDREN)
            _, seconds, _ = run(photos, work / "throughput", "--jobs", name[-1])
            after = resource.getrusage(resource.RUSAGE_CHILDREN)
            cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
            times.append((count / seconds, count / cpu))
    return {
        name: {
            "photos_per_second": round(statistics.median(wall for wall, _ in times), 2),
            "photos_per_cpu_second": round(statistics.median(cpu for _, cpu in times), 2),
        }
        for name, times in measured.items()
    }


def digests(folder: Path) -> dict[str, str]:
    """Relative path -> sha256 of everything in a folder but the journal."""
    files = (path for path in sorted(folder.rglob("*")) if path.is_file() and path.name != JOURNAL)
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def flatness(samples: list[tuple[int, float]]) -> dict[str, float]:
    """Memory after a tenth of the pictures, at the end, and the largest."""
    if not samples:
        return {}
    tenth = next((mb for done, mb in samples if done >= samples[-1][0] / 10), samples[-1][1])
    return {
        "after_a_tenth_mb": tenth,
        "at_the_end_mb": samples[-1][1],
        "largest_mb": max(mb for _, mb in samples),
    }


def plot(runs: dict[str, list[tuple[int, float]]], path: Path) -> None:
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(figsize=(7, 3), layout="constrained")
    for name, samples in runs.items():
        axes.plot([done for done, _ in samples], [mb for _, mb in samples], label=name)
    axes.set(xlabel="pictures done", ylabel="resident memory, MB", ylim=(0, None))
    axes.legend(frameon=False)
    figure.savefig(path, dpi=110)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("work", type=Path, metavar="WORK_DIR", help="folder to make; must not exist")
    parser.add_argument("--photos", type=int, default=2000)
    parser.add_argument("--small", type=int, nargs=2, default=(640, 480), metavar=("W", "H"))
    parser.add_argument("--large", type=int, nargs=2, default=(2000, 1500), metavar=("W", "H"))
    parser.add_argument("--part", choices=("soak", "throughput", "both"), default="both")
    parser.add_argument("--plot", type=Path, metavar="PNG")
    arguments = parser.parse_args()
    work = arguments.work
    megapixels = make_photos(work / "photos", arguments.photos, arguments.small, arguments.large)
    summary: dict[str, object] = {"photos": arguments.photos, "megapixels": round(megapixels, 1)}
    if arguments.part != "soak":
        summary["throughput"] = throughput(work / "photos" / "0", work, rounds=3)
    if arguments.part != "throughput":
        soak(work, arguments.photos, summary, arguments.plot)
    print(json.dumps(summary, indent=1))
    shutil.rmtree(work)
    return 0


def soak(work: Path, photos: int, summary: dict[str, object], plotted: Path | None) -> None:
    """Runs over all photos with 1 and 2 jobs, killed and resumed; adds what was found to the summary."""
    memory = {}
    for jobs in (1, 2):
        code, seconds, samples = run(work / "photos", work / f"jobs{jobs}", "--jobs", str(jobs))
        memory[f"--jobs {jobs}"] = samples
        summary[f"jobs_{jobs}"] = {
            "exit_code": code,
            "seconds": round(seconds, 1),
            **flatness(samples),
        }
    killed, _, _ = run(work / "photos", work / "killed", "--jobs", "2", kill_after=photos // 2)
    left = digests(work / "killed")
    code, seconds, samples = run(work / "photos", work / "killed", "--jobs", "2", "--resume")
    memory["killed, --resume"] = samples
    whole = digests(work / "jobs1")
    summary["killed_and_resumed"] = {
        "exit_codes": [killed, code],
        "files_after_the_kill": len(left),
        "partial_files_after_the_kill": sum(digest != whole.get(name) for name, digest in left.items()),
        "resume_seconds": round(seconds, 1),
        "identical_to_uninterrupted": digests(work / "killed") == whole,
        "jobs_1_and_2_identical": digests(work / "jobs2") == whole,
    }
    if plotted:
        plot(memory, plotted)


if __name__ == "__main__":
    sys.exit(main())
