"""Sends mutated picture files through `encode_file` in-process: no crash, no hang, no run-away memory.

Usage: python tools/check/fuzz_encode.py --files 20000 [--seed 1] [--jobs 2] [--save DIR] [--json]

Each worker process encodes its share one after another, and tells its parent which file it is at. A worker that
dies, takes longer than --seconds with one file, or grows over --megabytes fails that file and is replaced. Only a
PictureError is an expected answer. Half of the files are encoded as if they were large pictures, in strips. Files
that failed are saved with --save; the same seed makes the same files.
"""

import argparse
import io
import json
import multiprocessing
import os
import random
import sys
import tempfile
import time
import zlib
from multiprocessing.connection import Connection
from pathlib import Path

import numpy as np
from PIL import Image

KINDS = ("jpg", "png", "webp", "tif", "gif", "avif", "heic")


def photo(width: int, height: int) -> Image.Image:
    """Something between a photo and noise, always the same."""
    random_numbers = np.random.default_rng(width * height)
    y, x = np.mgrid[:height, :width]
    waves = [np.sin(y * a + x * b) * 90 + 128 for a, b in random_numbers.uniform(0.02, 0.4, (3, 2))]
    noisy = np.stack(waves, -1) + random_numbers.normal(0, 12, (height, width, 3))
    return Image.fromarray(np.clip(noisy, 0, 255).astype(np.uint8))


def seeds() -> dict[str, list[bytes]]:
    """A few files of each kind that take different ways through the decoders."""
    from PIL import ImageCms

    rgb, gray = photo(72, 56), photo(40, 64).convert("L")
    alpha = rgb.convert("RGBA")
    alpha.putalpha(gray.resize(rgb.size))
    exif = Image.Exif()
    exif[0x0112], exif[0x010F] = 6, "Maker"
    exif.get_ifd(0x8825)[2] = (1.0, 2.0, 3.0)
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    rich = {"exif": exif, "icc_profile": profile, "xmp": b"<x exif:GPSLatitude='1'/>"}
    sixteen = Image.fromarray(np.asarray(gray).astype(np.uint16) * 257)

    def made(image: Image.Image, kind: str, **options: object) -> bytes:
        file = io.BytesIO()
        image.save(file, kind, **options)
        return file.getvalue()

    return {
        "jpg": [
            made(rgb, "JPEG", quality=85, comment=b"c", dpi=(72, 72), **rich),
            made(rgb, "JPEG", quality=90, progressive=True, subsampling=0),
            made(rgb, "JPEG", quality=75, progressive=True),
            made(gray, "JPEG", quality=80),
            made(rgb.convert("CMYK"), "JPEG", quality=80),
            made(rgb, "MPO", save_all=True, append_images=[rgb.rotate(180)]),
            made(rgb, "JPEG", quality=80, restart_marker_blocks=2),
        ],
        "png": [
            made(rgb, "PNG", **{key: rich[key] for key in ("exif", "icc_profile")}),
            made(alpha, "PNG"),
            made(rgb.quantize(17), "PNG", transparency=3),
            made(sixteen, "PNG"),
            made(rgb, "PNG", save_all=True, append_images=[rgb.rotate(180)]),
        ],
        "webp": [
            made(rgb, "WEBP", quality=70, **rich),
            made(alpha, "WEBP", lossless=True),
            made(rgb, "WEBP", save_all=True, append_images=[rgb.rotate(180)]),
        ],
        "tif": [
            made(rgb, "TIFF", exif=exif, icc_profile=profile),
            *(made(rgb, "TIFF", compression=name) for name in ("tiff_lzw", "tiff_adobe_deflate", "jpeg")),
            made(rgb.convert("1"), "TIFF", compression="group4"),
            made(sixteen, "TIFF"),
            made(rgb.convert("CMYK"), "TIFF"),
            *deep_tiffs(rgb),
        ],
        "gif": [
            made(rgb.quantize(17), "GIF", comment=b"c", transparency=3),
            made(rgb.quantize(40), "GIF", save_all=True, append_images=[rgb.rotate(180)]),
        ],
        "avif": [made(rgb, "AVIF", quality=70, **rich), made(alpha, "AVIF", quality=90)],
        "heic": heic_files(rgb, alpha) or [made(rgb, "AVIF", quality=80)],
    }


def deep_tiffs(rgb: Image.Image) -> list[bytes]:
    """TIFF files of 16 bits by tifffile, by pixels and by planes, if it is installed."""
    try:
        import tifffile
    except ImportError:
        return []
    deep = np.asarray(rgb).astype(np.uint16) * 257
    files = []
    for pixels, options in (
        (deep, {"compression": "zlib", "predictor": True, "rowsperstrip": 16}),
        (np.moveaxis(deep, -1, 0), {"planarconfig": "separate"}),
        (deep[..., 0], {"photometric": "miniswhite"}),
    ):
        file = io.BytesIO()
        tifffile.imwrite(file, pixels, **{"photometric": "rgb", **options})
        files.append(file.getvalue())
    return files


def heic_files(*images: Image.Image) -> list[bytes]:
    """HEIC files, if pillow_heif is installed."""
    try:
        import pillow_heif
    except ImportError:
        return []
    files = []
    for image in images:
        file = io.BytesIO()
        pillow_heif.from_pillow(image).save(file, quality=70)
        files.append(file.getvalue())
    return files


def mutated(content: bytes, chance: random.Random, others: list[bytes]) -> bytes:
    """One to eight damages: flipped and interesting bytes, cuts, copies, pieces of other files."""
    data = bytearray(content)
    # Headers decide most; half of the damages go there.
    for _ in range(chance.choice((1, 1, 2, 4, 8))):
        size = len(data)
        if size < 8:
            break
        at = chance.randrange(min(size, 700) if chance.random() < 0.5 else size)
        kind = chance.randrange(8)
        if kind < 3:
            data[at] ^= 1 << chance.randrange(8)
        elif kind == 3:
            value = chance.choice(
                (b"\0", b"\xff", b"\x7f\xff\xff\xff", b"\xff\xff\xff\xff", b"\0\0\0\0", b"\x80\0")
            )
            data[at : at + len(value)] = value
        elif kind == 4:
            del data[at : at + chance.randrange(1, 40)]
        elif kind == 5:
            data[at:at] = data[at : at + chance.randrange(1, 40)] * chance.randrange(1, 4)
        elif kind == 6:
            other = chance.choice(others)
            start = chance.randrange(len(other))
            data[at : at + 30] = other[start : start + chance.randrange(1, 60)]
        else:
            del data[at:]
    return bytes(data)


def with_checksums(data: bytes) -> bytes:
    """A PNG file with its chunks' checksums made right again: decoders stop at the first wrong one."""
    fixed, at = bytearray(data), 8
    while at + 12 <= len(fixed):
        end = at + 8 + int.from_bytes(fixed[at : at + 4], "big")
        if end + 4 > len(fixed):
            break
        fixed[end : end + 4] = zlib.crc32(fixed[at + 4 : end]).to_bytes(4, "big")
        at = end + 4
    return bytes(fixed)


def file_of(number: int, seed: int, kinds: dict[str, list[bytes]]) -> tuple[str, bytes]:
    """File number `number`: its kind and content."""
    chance = random.Random(f"{seed}/{number}")
    kind = KINDS[number % len(KINDS)]
    content = mutated(chance.choice(kinds[kind]), chance, kinds[kind])
    return kind, with_checksums(content) if kind == "png" and chance.random() < 0.8 else content


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
