"""What `jpegpre optimize` gains beyond a profile's network: BD-rates with real files, and seconds per megapixel.

python tools/bench/optimize.py PICTURES --profile fidelity --limit 6 -o optimize-fidelity.json
"""

import argparse
import json
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

from jpegpre_tf import runtime
from jpegpre_tf.codecs import get_encoder
from jpegpre_tf.evaluation.bd_rate import Range, bd_rate
from jpegpre_tf.evaluation.metrics import METRICS, Frame
from jpegpre_tf.search.picture_optimizer import GUARD, PictureOptimizer
from jpegpre_tf.training.data.crops import list_pictures

QUALITIES = (12, 30, 50, 70)
NAMES = ("psnr_y", "psnr_rgb", "ssim", "ms_ssim", "psnr_hvs_m", "ssimulacra2")
# The whole of the reference's curve: four qualities have no more.
ALL_RATES = Range(0.05, 4.0)

Curves = dict[str, dict[str, tuple[list[float], list[float]]]]


def measure(
    path: Path, session: runtime.Session, optimizer: PictureOptimizer, rounds: int
) -> tuple[Curves, float]:
    """Curves of plain, network and optimized, by metric; and seconds of search per megapixel."""
    pixels = runtime.open_picture(path).pixels
    encoder = get_encoder("libjpeg-turbo")
    original = Frame(pixels)
    prepared = {name: METRICS[name]().prepare(original) for name in NAMES}
    curves: Curves = {row: {name: ([], []) for name in NAMES} for row in ("plain", "network", "optimized")}
    seconds = []
    for quality in QUALITIES:
        edited = session(pixels, quality)
        begin = time.process_time()
        searched = optimizer.optimize(pixels, edited, quality, rounds=rounds).pixels
        seconds.append(time.process_time() - begin)
        for row, picture in (("plain", pixels), ("network", edited), ("optimized", searched)):
            encoded = encoder.encode(picture, quality)
            decoded = Frame(encoded.decoded)
            for name in NAMES:
                rates, values = curves[row][name]
                rates.append(8 * encoded.size_bytes / pixels[..., 0].size)
                values.append(METRICS[name]().score(prepared[name], decoded))
    # The first search of a shape traces its graph.
    return curves, float(np.median(seconds)) / (pixels[..., 0].size / 1e6)


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("--profile", default="fidelity")
    parser.add_argument("--limit", type=int, default=6)
    parser.add_argument("--rounds", type=int, default=60)
    parser.add_argument(
        "--guard", type=float, default=GUARD, help="see PictureOptimizer (default %(default)s)"
    )
    parser.add_argument("-o", "--output", type=Path)
    arguments = parser.parse_args(argv)
    session = runtime.load(arguments.profile)
    objective = runtime.find_model(arguments.profile).card.objective
    optimizer = PictureOptimizer(objective, arguments.guard)
    gains: dict[str, dict[str, list[float]]] = {}
    speeds = []
    for path in list_pictures(arguments.folder)[: arguments.limit]:
        curves, speed = measure(path, session, optimizer, arguments.rounds)
        speeds.append(speed)
        for row, base in (("network", "plain"), ("optimized", "plain"), ("beyond", "network")):
            for name in NAMES:
                test = curves["optimized" if row == "beyond" else row][name]
                percent = bd_rate(curves[base][name], test, ALL_RATES).percent
                gains.setdefault(row, {}).setdefault(name, []).append(percent)
        print(
            path.name, {n: round(v[-1], 2) for n, v in gains["beyond"].items()}, file=sys.stderr, flush=True
        )
    result: dict[str, Any] = {
        "profile": arguments.profile,
        "objective": objective,
        "guard": arguments.guard,
        "pictures": len(speeds),
        "qualities": QUALITIES,
        "bd_rate_percent": {
            row: {name: round(float(np.mean(values)), 2) for name, values in by_name.items()}
            for row, by_name in gains.items()
        },
        "cpu_seconds_per_megapixel": round(float(np.median(speeds)), 1),
    }
    print(json.dumps(result, indent=2))
    if arguments.output:
        arguments.output.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
