"""Finished carriers in every reader that is installed: the pixels must be those that libjpeg decodes, sample by sample.

    python tools/check/readers.py [--reader djpeg ...] [--json]

Baseline and progressive files, in color and gray, of sizes that are no multiples of 16, from Pillow's encoder. djpeg,
Pillow, libvips, ImageMagick, Chromium and Firefox decode them (browsers: a screenshot of a page); jpegtran must find
the same coefficients in them, and exiftool nothing odd. Prints the largest difference of a sample for each, in levels;
ends with 1 if there is one. Readers that are not installed are named. Debian's packages: libjpeg-turbo-progs,
libvips-tools, imagemagick, chromium, firefox-esr, libimage-exiftool-perl.
"""

import argparse
import base64
import io
import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from jpegpre_tf import jpeg

SECONDS = 120
# (height, width, is gray, is progressive, quality)
KINDS = (
    (211, 301, False, False, 50),
    (211, 301, False, True, 75),
    (83, 47, True, True, 60),
    (40, 25, True, False, 30),
    (1, 1, False, True, 40),
    (65, 71, False, False, 88),
)


@dataclass(frozen=True)
class Finished:
    """A finished file, where it lies, and what it must show."""

    path: Path
    coefficients: jpeg.Coefficients

    @property
    def pixels(self) -> np.ndarray:
        """uint8 (H, W, 3)."""
        decoded = jpeg.decode(self.coefficients)
        return decoded if decoded.ndim == 3 else np.repeat(decoded[..., np.newaxis], 3, axis=2)


def make_picture(height: int, width: int) -> np.ndarray:
    """Slopes, noise and letters in colors."""
    rows, columns = np.mgrid[:height, :width]
    noise = np.random.default_rng(1).normal(0, 12, (height, width, 3))
    slopes = np.stack([rows % 256, (rows + columns) % 256, 255 - columns % 256], axis=-1)
    picture = Image.fromarray(np.clip(slopes + noise, 0, 255).astype(np.uint8))
    for top in range(5, height, 30):
        ImageDraw.Draw(picture).text((top % 50, top), "The quick brown fox", fill=(top % 256, 20, 220))
    return np.asarray(picture)


def make_files(folder: Path) -> list[Finished]:
    """Writes one file of each kind."""
    files = []
    for number, (height, width, is_gray, is_progressive, quality) in enumerate(KINDS):
        picture = make_picture(height, width)
        coefficients = jpeg.encode_coefficients(picture[..., 1].copy() if is_gray else picture, quality)
        at = jpeg.choose_encoder_quality(coefficients, jpeg.quantization_tables)
        own = jpeg.quantization_tables(at)
        file = io.BytesIO()
        sampling = {} if is_gray else {"subsampling": 2}
        Image.fromarray(jpeg.carrier_pixels(coefficients, own)).save(
            file, "JPEG", quality=at, optimize=True, progressive=is_progressive, **sampling
        )
        path = folder / f"{number}.jpg"
        path.write_bytes(jpeg.finish(file.getvalue(), own, coefficients.tables, height, width))
        files.append(Finished(path, coefficients))
    return files


def run(*command: str | Path) -> bytes:
    return subprocess.run(command, capture_output=True, check=True, timeout=SECONDS).stdout


def read_rgb(source: Path | io.BytesIO) -> np.ndarray:
    with Image.open(source) as picture:
        return np.asarray(picture.convert("RGB"))


def djpeg(files: list[Finished]) -> list[np.ndarray]:
    return [read_rgb(io.BytesIO(run("djpeg", "-dct", "int", file.path))) for file in files]


def pillow(files: list[Finished]) -> list[np.ndarray]:
    return [read_rgb(file.path) for file in files]


def libvips(files: list[Finished]) -> list[np.ndarray]:
    for file in files:
        run("vips", "copy", file.path, file.path.with_suffix(".vips.png"))
    return [read_rgb(file.path.with_suffix(".vips.png")) for file in files]


def imagemagick(files: list[Finished]) -> list[np.ndarray]:
    for file in files:
        run("convert", file.path, file.path.with_suffix(".convert.png"))
    return [read_rgb(file.path.with_suffix(".convert.png")) for file in files]


def _shown(files: list[Finished], command: Callable[[Path, Path], list[str | Path]]) -> list[np.ndarray]:
    """A page with all files, one below the other, as a browser shows it."""
    folder = files[0].path.parent
    page, screenshot = folder / "page.html", folder / "screenshot.png"
    images = [
        '<img style="display:block" src="data:image/jpeg;base64,'
        f'{base64.b64encode(file.path.read_bytes()).decode()}">'
        for file in files
    ]
    page.write_text(f'<!doctype html><body style="margin:0">{"".join(images)}')
    screenshot.unlink(missing_ok=True)
    run(*command(page, screenshot))
    shown, found, top = read_rgb(screenshot), [], 0
    for file in files:
        height, width = file.pixels.shape[:2]
        found.append(shown[top : top + height, :width])
        top += height
    return found


def chromium(files: list[Finished]) -> list[np.ndarray]:
    def command(page: Path, screenshot: Path) -> list[str | Path]:
        options = ["--force-color-profile=srgb", "--force-device-scale-factor=1", "--hide-scrollbars"]
        where = [f"--screenshot={screenshot}", f"--user-data-dir={page.parent / 'chromium'}", page.as_uri()]
        return ["chromium", "--headless", "--no-sandbox", *options, "--window-size=600,900", *where]

    return _shown(files, command)


def firefox(files: list[Finished]) -> list[np.ndarray]:
    name = "firefox" if shutil.which("firefox") else "firefox-esr"

    def command(page: Path, screenshot: Path) -> list[str | Path]:
        profile = page.parent / "firefox"
        profile.mkdir(exist_ok=True)
        where = ["--profile", profile, "--screenshot", screenshot, page.as_uri()]
        return [name, "--headless", "--no-remote", "--window-size=600,900", *where]

    return _shown(files, command)


# Name -> programs of which one must be there, and what decodes.
READERS: dict[str, tuple[tuple[str, ...], Callable[[list[Finished]], list[np.ndarray]]]] = {
    "Pillow": ((), pillow),
    "djpeg": (("djpeg",), djpeg),
    "libvips": (("vips",), libvips),
    "ImageMagick": (("convert",), imagemagick),
    "Chromium": (("chromium",), chromium),
    "Firefox": (("firefox", "firefox-esr"), firefox),
}


def difference(shown: np.ndarray, file: Finished) -> int:
    """Largest of a sample, in levels; 256 if the size is another."""
    wanted = file.pixels
    if shown.shape != wanted.shape:
        return 256
    return int(np.abs(shown.astype(int) - wanted).max())


def jpegtran(files: list[Finished]) -> int:
    """How many coefficients are others after lossless optimizing, baseline and progressive."""
    wrong = 0
    for file in files:
        for way in ("-optimize", "-progressive"):
            received = jpeg.read_coefficients(run("jpegtran", way, file.path)).planes
            pairs = zip(received, file.coefficients.planes, strict=True)
            wrong += sum(int((a != b).sum()) for a, b in pairs)
    return wrong


def exiftool(files: list[Finished]) -> int:
    """How many files have warnings or errors."""
    paths = [file.path for file in files]
    rows = json.loads(run("exiftool", "-json", "-a", "-validate", "-warning", "-error", *paths))
    return sum(row["Validate"] != "OK" or bool({"Warning", "Error"} & set(row)) for row in rows)


def check(names: list[str]) -> dict[str, int | None]:
    """By name: the largest difference, or count of what is odd; None where the program is not installed."""
    result: dict[str, int | None] = {}
    with tempfile.TemporaryDirectory() as folder:
        files = make_files(Path(folder))
        for name in names:
            if name in READERS:
                programs, decode = READERS[name]
                is_there = not programs or any(shutil.which(program) for program in programs)
                result[name] = (
                    max(difference(shown, file) for shown, file in zip(decode(files), files, strict=True))
                    if is_there
                    else None
                )
            else:
                count = {"jpegtran": jpegtran, "exiftool": exiftool}[name]
                result[name] = count(files) if shutil.which(name) else None
    return result


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    names = [*READERS, "jpegtran", "exiftool"]
    parser.add_argument("--reader", action="append", choices=names, help="repeatable (default: all)")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args(argv)
    result = check(arguments.reader or names)
    if arguments.json:
        print(json.dumps(result))
    else:
        for name, found in result.items():
            print(f"{name:12} {'not installed' if found is None else found}")
    return 1 if any(result.values()) else 0


if __name__ == "__main__":
    sys.exit(main())
