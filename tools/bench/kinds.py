"""Kinds of pictures that must not be hurt: makes them, runs `jpegpre evaluate` on each kind and prints a table.

    python tools/bench/kinds.py PHOTOS -o KINDS [--profile balanced]

text, lines: drawn, as some training pictures are, but not the same ones; charts: drawn by matplotlib, never trained on.
noisy: the photos at a quarter of the light with sensor noise. jpeg, jpeg-shifted: the photos as a JPEG file of quality
85 has left them, on its grid and off it. KINDS gets a folder of PNG files and a report for each.
"""

import argparse
import io
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image

from jpegpre_tf.runtime import open_picture
from jpegpre_tf.training.data.crops import list_pictures
from jpegpre_tf.training.data.synthetic import DRAWN

SIDE = 512
DRAWN_COUNT = 6
JPEG_QUALITY = 85
RANGE = "0.2-1.5"
SHIFT = 3, 5  # rows, columns off the 8x8 grid
# Electrons of a full well, and read noise in them: a small sensor in the dark.
FULL_WELL, READ_NOISE, LIGHT = 800.0, 4.0, 0.25


def _noisy(pixels: np.ndarray, seed: int) -> np.ndarray:
    random = np.random.default_rng(seed)
    linear = LIGHT * (pixels / 255.0) ** 2.2
    electrons = random.poisson(linear * FULL_WELL) + random.normal(0, READ_NOISE, pixels.shape)
    return np.round(255 * np.clip(electrons / FULL_WELL, 0, 1) ** (1 / 2.2)).astype(np.uint8)


def _recompressed(pixels: np.ndarray) -> np.ndarray:
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "JPEG", quality=JPEG_QUALITY)
    return np.asarray(Image.open(file))


def _chart(seed: int) -> np.ndarray:
    random = np.random.default_rng(seed)
    figure = Figure(figsize=(SIDE / 100, SIDE / 100), dpi=100)
    canvas = FigureCanvasAgg(figure)
    above, below = figure.subplots(2, 1)
    for series in range(4):
        above.plot(np.cumsum(random.normal(size=80)), label=f"series {series + 1}", linewidth=1.2)
    above.legend(fontsize=7)
    above.grid(alpha=0.4)
    if seed % 2:
        below.scatter(random.normal(size=200), random.normal(size=200), s=8, c=random.random(200))
    else:
        below.bar([f"item {i}" for i in range(7)], random.random(7), color=random.random((7, 3)))
    above.set_title("Measured over time, arbitrary units", fontsize=9)
    canvas.draw()
    return np.ascontiguousarray(np.asarray(canvas.buffer_rgba())[..., :3])


def kinds(photos: list[Path]) -> Iterator[tuple[str, str, np.ndarray]]:
    """(kind, name, picture)."""
    for seed in range(DRAWN_COUNT):
        for kind in ("text", "lines"):
            yield kind, f"{kind}{seed}", DRAWN[kind](SIDE, seed)
        yield "charts", f"chart{seed}", _chart(seed)
    for seed, path in enumerate(photos):
        pixels = open_picture(path).pixels
        yield "noisy", path.stem, _noisy(pixels, seed)
        left = _recompressed(pixels)
        yield "jpeg", path.stem, left
        yield "jpeg-shifted", path.stem, left[SHIFT[0] :, SHIFT[1] :]


def evaluated(folder: Path, report: Path, profiles: list[str]) -> list[dict]:
    """`candidates` of the results of `jpegpre evaluate`, in the order of `profiles`."""
    command = [sys.executable, "-m", "jpegpre_tf", "evaluate", str(folder), "--controls", "none", "--json"]
    for profile in profiles:
        command += ["--profile", profile]
    done = subprocess.run([*command, "-o", str(report)], stdout=subprocess.PIPE, check=True)
    return json.loads(done.stdout)["candidates"]


def cell(summary: dict | None) -> str:
    """Mean, and worst picture in brackets."""
    return f"{summary['mean']:+.1f} ({summary['worst']:+.1f})" if summary else "-"


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("photos", type=Path)
    parser.add_argument("-o", "--output", type=Path, required=True)
    parser.add_argument("--profile", action="append", help="may be given several times (default: balanced)")
    arguments = parser.parse_args(argv)
    profiles = arguments.profile or ["balanced"]
    names: list[str] = []
    for kind, name, picture in kinds(list_pictures(arguments.photos)):
        folder = arguments.output / kind
        folder.mkdir(parents=True, exist_ok=True)
        Image.fromarray(picture).save(folder / f"{name}.png")
        if kind not in names:
            names.append(kind)
    lines = []
    for kind in names:
        candidates = evaluated(arguments.output / kind, arguments.output / f"{kind}-report", profiles)
        for profile, candidate in zip(profiles, candidates, strict=True):
            rates = candidate["bd_rate"]
            cells = [cell(rates[metric][RANGE]) for metric in rates]
            lines.append(f"| {kind} | {profile} | " + " | ".join(cells) + " |")
            heading = "| kind | profile | " + " | ".join(rates) + " |\n| --- | --- |" + " ---: |" * len(rates)
    print(f"BD-rate, %, {RANGE} bpp: mean (worst picture)\n\n{heading}")
    print("\n".join(lines))
    return 0


if __name__ == "__main__":
    sys.exit(main())
