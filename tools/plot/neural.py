"""Draws what tools/bench/neural.py measured, and error pictures of the sample pictures.

    python tools/plot/neural.py bench.json -o docs

Writes neural_rate.png and neural_simulator.png, of what bench.json has, and neural_errors.png; docs/neural.md shows
them.
"""

import argparse
import json
import os
import sys
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np
from matplotlib.ticker import NullFormatter, ScalarFormatter

from jpegpre_tf.codecs import LibjpegTurbo, get_encoder
from jpegpre_tf.training.data.crops import list_pictures, load_rgb

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
from tools.bench.neural import ROOT, load_network, psnr
from tools.bench.neural_tables import QUALITIES, Rows, mean_over, rate_summary, rows_of

COLORS = {"libjpeg-turbo": "tab:blue", "mozjpeg": "tab:orange", "jpegli": "tab:green"}
_ERROR_GAIN = 8
_ERROR_QUALITY = 40
_CROP = 320
_RATE_TICKS = [0.2, 0.5, 1, 2, 4]  # bits per pixel


def plot_rate(rate: dict[str, Rows], path: Path) -> None:
    """Predicted against real bits per pixel, every picture and quality."""
    figure, axes = plt.subplots(
        1, len(rate), figsize=(4 * len(rate), 4.4), squeeze=False, layout="compressed"
    )
    for axis, (name, result) in zip(axes[0], rate.items(), strict=True):
        plain = [row for row in result if row["edit"] == "plain"]
        real, predicted = (np.array([row[key] for row in plain]) for key in ("real", "predicted"))
        axis.loglog(real, predicted, ".", color=COLORS[name], markersize=3)
        ends = [real.min() * 0.9, real.max() * 1.1]
        axis.loglog(ends, ends, "k-", linewidth=0.5)
        axis.set(title=f"{name}, MAPE {rate_summary(result)['mape']:.2f} %", xlabel="real, bits per pixel")
        axis.set_aspect("equal")
        for scale in (axis.xaxis, axis.yaxis):
            scale.set_ticks(_RATE_TICKS)
            scale.set_major_formatter(ScalarFormatter())
            scale.set_minor_formatter(NullFormatter())
        axis.set(xlim=ends, ylim=ends)
    axes[0][0].set_ylabel("predicted, bits per pixel")
    figure.savefig(path, dpi=110)


def plot_simulator(simulator: dict[str, Rows], path: Path) -> None:
    """PSNR to the real decode over quality, and how far PSNR to the original is off."""
    figure, (left, right) = plt.subplots(1, 2, figsize=(11, 4), layout="constrained")
    for name, rows in simulator.items():
        left.plot(
            QUALITIES,
            mean_over(rows, lambda r: r["psnr"]),
            "o-",
            color=COLORS[name],
            label=f"{name}, network",
        )
        if name != "libjpeg-turbo":
            stand_in = mean_over(rows, lambda r: r["stand_in"])
            label = f"{name}: libjpeg-turbo at the same size"
            left.plot(QUALITIES, stand_in, "o--", color=COLORS[name], label=label, markerfacecolor="none")
        bias = mean_over(rows, lambda r: r["psnr_original"] - r["psnr_original_real"])
        right.plot(QUALITIES, bias, "o-", color=COLORS[name], label=name)
    left.set(xlabel="quality", ylabel="PSNR to the real decode, dB")
    right.set(xlabel="quality", ylabel="PSNR to the original, simulated - real, dB", ylim=(-0.2, 0.2))
    right.axhspan(-0.1, 0.1, color="0.9", zorder=0)
    left.legend(fontsize=8)
    right.legend(fontsize=8)
    figure.savefig(path, dpi=110)


def plot_errors(models: Path, path: Path) -> None:
    """One crop per encoder: the real decode, and the errors of the network and of the stand-in."""
    picture = load_rgb(list_pictures(ROOT / "tests" / "pictures")[1])[:_CROP, :_CROP]
    picture = np.ascontiguousarray(picture)
    figure, axes = plt.subplots(len(COLORS), 3, figsize=(9, 3.2 * len(COLORS)), layout="constrained")
    for row, name in zip(axes, COLORS, strict=True):
        real = get_encoder(name).encode(picture, _ERROR_QUALITY)
        learned = load_network(models, "simulator", name)[0](picture, _ERROR_QUALITY)
        quality = min(
            range(1, 101), key=lambda q: abs(LibjpegTurbo().encode(picture, q).size_bytes - real.size_bytes)
        )
        stand_in = LibjpegTurbo().encode(picture, quality).decoded
        cells = [(real.decoded, f"{name} at quality {_ERROR_QUALITY}")]
        for other, label in ((learned, "network"), (stand_in, f"libjpeg-turbo at {quality}, same size")):
            score = psnr(other, real.decoded)
            error = np.clip(128 + _ERROR_GAIN * (other.astype(float) - real.decoded), 0, 255).astype(np.uint8)
            cells.append((error, f"error x{_ERROR_GAIN}: {label}\n{score:.1f} dB"))
        for axis, (image, title) in zip(row, cells, strict=True):
            axis.imshow(image, interpolation="nearest")
            axis.set_title(title, fontsize=9)
            axis.axis("off")
    figure.savefig(path, dpi=110)


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("bench", type=Path)
    parser.add_argument("-o", "--output", type=Path, required=True)
    parser.add_argument("--models", type=Path, default=ROOT / "savedmodels")
    arguments = parser.parse_args(argv)
    bench = json.loads(arguments.bench.read_text(encoding="utf-8"))
    arguments.output.mkdir(parents=True, exist_ok=True)
    for part, plot in (("rate", plot_rate), ("simulator", plot_simulator)):
        if part in bench:
            rows = {name: rows_of(made) for name, made in bench[part].items()}
            plot(rows, arguments.output / f"neural_{part}.png")
    plot_errors(arguments.models, arguments.output / "neural_errors.png")
    return 0


if __name__ == "__main__":
    sys.exit(main())
