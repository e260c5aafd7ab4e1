"""Bytes at equal SSIMULACRA2 of files that a browser wrote: this package's, and MozJPEG's in WebAssembly.

The reference is toBlob alone. Needs a built dist/, Node.js, Chromium and the extra [evaluate].

    python export/web/bench/equal_score.py PICTURE... [-o FOLDER]
"""

import argparse
import subprocess
import tempfile
from pathlib import Path

import numpy as np
from PIL import Image

from jpegpre_tf.evaluation.bd_rate import Range, bd_rate
from jpegpre_tf.evaluation.metrics import get_metrics
from jpegpre_tf.evaluation.metrics.base import Frame

_RANGE = Range(0.2, 2.5)


def _curve(folder: Path, original: Path) -> tuple[list[float], list[float]]:
    """Bits per pixel and SSIMULACRA2 of every quality."""
    (metric,) = get_metrics(["ssimulacra2"])
    pixels = np.asarray(Image.open(original).convert("RGB"))
    prepared = metric.prepare(Frame(pixels))
    rates, scores = [], []
    for file in sorted(folder.glob(f"{original.stem}-*.jpg")):
        decoded = np.asarray(Image.open(file).convert("RGB"))
        score = metric.score(prepared, Frame(decoded))
        if score is not None:
            rates.append(8 * file.stat().st_size / (pixels.shape[0] * pixels.shape[1]))
            scores.append(score)
    return rates, scores


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("pictures", nargs="+", type=Path, metavar="PICTURE")
    parser.add_argument("-o", "--output", type=Path, help="where the files go (default: a temporary folder)")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        output = arguments.output or Path(temporary)
        script = Path(__file__).with_name("equal_score_page.mjs")
        subprocess.run(["node", script, output, *arguments.pictures], check=True)
        results: dict[str, list[float]] = {"ours": [], "mozjpeg": []}
        print("| picture | this package | MozJPEG wasm |\n| --- | ---: | ---: |")
        for picture in arguments.pictures:
            reference = _curve(output / "plain", picture)
            row = []
            for encoder, percents in results.items():
                percent = bd_rate(reference, _curve(output / encoder, picture), _RANGE).percent
                if percent is not None:
                    percents.append(percent)
                row.append("-" if percent is None else f"{percent:+.1f} %")
            print(f"| {picture.stem} | {' | '.join(row)} |")
        means = [f"{np.mean(percents):+.1f} %" for percents in results.values()]
        print(f"| mean of {len(arguments.pictures)} | {' | '.join(means)} |")


if __name__ == "__main__":
    main()
