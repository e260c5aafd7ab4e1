"""Sends mutated picture files through `encode_file` in-process: no crash, no hang, no run-away memory.

Usage: python tools/check/fuzz_encode.py --files 20000 [--seed 1] [--jobs 2] [--save DIR] [--json]

Each worker process encodes its share one after another, and tells its parent which file it is at. A worker that
dies, takes longer than --seconds with one file, or grows over --megabytes fails that file and is replaced. Only a
PictureError is an expected answer. Half of the files are encoded as if they were large pictures, in strips. Files
that failed are saved with --save; the same seed makes the same files.
"""

import argparse
import json
import multiprocessing
import os
import sys
import tempfile
import time
from multiprocessing.connection import Connection
from pathlib import Path

from PIL import Image

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
from tools.check.fuzz_files import KINDS, file_of, seeds


def work(share: range, seed: int, pipe: Connection) -> None:
    """Encodes the files of one share; tells (number, outcome, seconds) before and after each."""
    from jpegpre_tf import runtime
    from jpegpre_tf.cli.common.process.quiet import quiet_pillow
    from jpegpre_tf.errors import PictureError
    from jpegpre_tf.runtime.encoding import encode_job
    from jpegpre_tf.runtime.pictures import load_pixels as load_module

    quiet_pillow()
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)  # libtiff tells of every damage
    session = runtime.load("balanced", threads=1)
    kinds = seeds()
    choices = ("keep", "strip", "strip-gps")
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / "out.jpg"
        for number in share:
            kind, content = file_of(number, seed, kinds)
            source = Path(folder) / f"in.{kind}"
            source.write_bytes(content)
            # Every second file of a kind goes the way of large pictures: in strips, some JPEG files by planes.
            limit = 1000 if number // len(KINDS) % 2 else 24_000_000
            load_module.WHOLE_PIXELS = encode_job.WHOLE_PIXELS = limit
            pipe.send((number, "at", 0.0))
            start = time.monotonic()
            try:
                runtime.encode_file(source, target, session, metadata=choices[number % 3])
                with Image.open(target) as image:
                    image.load()
                outcome = "encoded"
            except PictureError as error:
                outcome = "refused" if str(error).isprintable() else "PictureError of several lines"
            except BaseException as error:
                outcome = f"{type(error).__name__}: {error}"[:200]
            pipe.send((number, outcome, time.monotonic() - start))
    pipe.send((-1, "done", 0.0))


class Worker:
    """One process over one share of the files, watched."""

    def __init__(self, share: range, seed: int) -> None:
        self.share, self.seed = share, seed
        self._start()

    def _start(self) -> None:
        context = multiprocessing.get_context("spawn")
        self.pipe, child = context.Pipe(duplex=False)
        self.process = context.Process(target=work, args=(self.share, self.seed, child), daemon=True)
        self.process.start()
        child.close()
        self.at, self.since, self.is_done = -1, time.monotonic(), False

    def replace_after(self, number: int) -> None:
        """Kills the process and goes on behind the file that it was at."""
        self.process.kill()
        self.process.join()
        self.share = range(number + self.share.step, self.share.stop, self.share.step)
        self._start()

    def memory_mb(self) -> float:
        """Largest resident size so far, 0 where the system does not tell."""
        try:
            status = Path(f"/proc/{self.process.pid}/status").read_text()
        except OSError:
            return 0.0
        line = next((line for line in status.splitlines() if line.startswith("VmHWM")), "x 0 kB")
        return int(line.split()[1]) / 1000


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--files", type=int, default=20_000)
    parser.add_argument("--first", type=int, default=0, help="number of the first file")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--seconds", type=float, default=10, help="CPU-bound wall time allowed for one file")
    parser.add_argument("--megabytes", type=float, default=1000)
    parser.add_argument("--save", type=Path, metavar="DIR", help="keep files that failed")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    arguments = parser.parse_args()
    last = arguments.first + arguments.files
    workers = [
        Worker(range(arguments.first + i, last, arguments.jobs), arguments.seed)
        for i in range(arguments.jobs)
    ]
    counts: dict[str, dict[str, int]] = {kind: {"encoded": 0, "refused": 0} for kind in KINDS}
    failures: list[tuple[int, str]] = []
    slowest, largest_mb = 0.0, 0.0

    def failed(number: int, reason: str) -> None:
        failures.append((number, reason))
        print(f"file {number} (seed {arguments.seed}): {reason}", file=sys.stderr)
        if arguments.save:
            kind, content = file_of(number, arguments.seed, seeds())
            arguments.save.mkdir(parents=True, exist_ok=True)
            (arguments.save / f"{arguments.seed}-{number}.{kind}").write_bytes(content)

    while not all(worker.is_done for worker in workers):
        for worker in workers:
            if worker.is_done:
                continue
            # The first message comes after loading; start-up is not what is measured.
            if worker.pipe.poll(0.05):
                try:
                    number, outcome, seconds = worker.pipe.recv()
                except EOFError:
                    failed(worker.at, f"the process died with code {worker.process.exitcode}")
                    worker.replace_after(worker.at)
                    continue
                worker.since = time.monotonic()
                if outcome == "done":
                    worker.is_done = True
                elif outcome == "at":
                    worker.at = number
                else:
                    slowest = max(slowest, seconds)
                    if outcome in ("encoded", "refused"):
                        counts[KINDS[number % len(KINDS)]][outcome] += 1
                    else:
                        failed(number, outcome)
            elif worker.at >= 0 and time.monotonic() - worker.since > arguments.seconds:
                failed(worker.at, f"took more than {arguments.seconds:g} s")
                worker.replace_after(worker.at)
                continue
            memory = worker.memory_mb()
            largest_mb = max(largest_mb, memory)
            if memory > arguments.megabytes:
                failed(worker.at, f"took {memory:.0f} MB")
                worker.replace_after(worker.at)
    summary = {
        "files": arguments.files,
        "seed": arguments.seed,
        "counts": counts,
        "failures": failures,
        "slowest_seconds": round(slowest, 2),
        "largest_mb": round(largest_mb),
    }
    if arguments.json:
        print(json.dumps(summary))
    else:
        for kind, outcomes in counts.items():
            print(f"{kind}: {outcomes['encoded']} encoded, {outcomes['refused']} refused")
        print(f"{len(failures)} failures; slowest {slowest:.2f} s; largest process {largest_mb:.0f} MB")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
