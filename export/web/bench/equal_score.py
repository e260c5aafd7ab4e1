"""Bytes at equal SSIMULACRA2 of files that a browser wrote: this package's, and MozJPEG's in WebAssembly.

The reference is toBlob alone. Needs a built dist/, Node.js, Chromium and the extra [evaluate]. Files and scores are
kept in bench/files: with another model only this package's are made anew.

    python export/web/bench/equal_score.py FOLDER            # with seven of Kodak's pictures, kodim01.* and so on
    python export/web/bench/equal_score.py FOLDER --write    # also into export/web/README.md
"""

import argparse
import hashlib
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
from PIL import Image

from jpegpre_tf.evaluation.bd_rate import Range, bd_rate
from jpegpre_tf.evaluation.metrics import get_metrics
from jpegpre_tf.evaluation.metrics.base import Frame

ROOT = Path(__file__).resolve().parents[3]
_FILES = Path(__file__).with_name("files")
_PICTURES = ("01", "04", "08", "13", "15", "19", "23")
_ENCODERS = ("plain", "ours", "mozjpeg")
_RANGE = Range(0.2, 2.5)
_DOCUMENT = ROOT / "export/web/README.md"
_BEGIN, _END = "<!-- equal-score -->", "<!-- /equal-score -->"


class _Scores:
    """SSIMULACRA2 of files against their pictures, each computed once."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._known: dict[str, float | None] = json.loads(path.read_text()) if path.exists() else {}
        (self._metric,) = get_metrics(["ssimulacra2"])

    def of(self, files: list[Path], original: Path) -> list[float | None]:
        keys = [hashlib.sha256(file.read_bytes() + original.read_bytes()).hexdigest() for file in files]
        if not all(key in self._known for key in keys):
            prepared = self._metric.prepare(Frame(np.asarray(Image.open(original).convert("RGB"))))
            for file, key in zip(files, keys, strict=True):
                if key not in self._known:
                    decoded = Frame(np.asarray(Image.open(file).convert("RGB")))
                    self._known[key] = self._metric.score(prepared, decoded)
            self._path.write_text(json.dumps(self._known))
        return [self._known[key] for key in keys]


def _curve(folder: Path, original: Path, known: _Scores) -> tuple[list[float], list[float]]:
    """Bits per pixel and SSIMULACRA2 of every quality."""
    files = sorted(folder.glob(f"{original.stem}-*.jpg"))
    pixels = np.prod(Image.open(original).size)
    points = [
        (8 * file.stat().st_size / pixels, score)
        for file, score in zip(files, known.of(files, original), strict=True)
        if score is not None
    ]
    return [rate for rate, _ in points], [score for _, score in points]


def _percents(files: Path, pictures: list[Path]) -> dict[str, list[float | None]]:
    """Change of bytes against plain of each encoder's pictures."""
    known = _Scores(files / "scores.json")
    references = [_curve(files / "plain", picture, known) for picture in pictures]
    return {
        encoder: [
            bd_rate(reference, _curve(files / encoder, picture, known), _RANGE).percent
            for reference, picture in zip(references, pictures, strict=True)
        ]
        for encoder in _ENCODERS[1:]
    }


def _mean(percents: list[float | None]) -> float:
    return float(np.mean([percent for percent in percents if percent is not None]))


def _write(text: str) -> None:
    before, begin, rest = _DOCUMENT.read_text(encoding="utf-8").partition(_BEGIN)
    _, end, after = rest.partition(_END)
    if not end:
        sys.exit(f"{_DOCUMENT} has no {_BEGIN} ... {_END}")
    _DOCUMENT.write_text(f"{before}{begin}{text}{end}{after}", encoding="utf-8")


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, metavar="FOLDER", help="Kodak's pictures")
    parser.add_argument("--write", action="store_true", help="write the means into export/web/README.md")
    parser.add_argument("-o", "--output", type=Path, default=_FILES, help="where files and scores are kept")
    arguments = parser.parse_args()
    pictures = [next(arguments.folder.glob(f"kodim{number}.*"), None) for number in _PICTURES]
    if None in pictures:
        names = ", ".join(f"kodim{number}" for number in _PICTURES)
        parser.error(f"{arguments.folder} must have {names}")
    found = [picture for picture in pictures if picture]
    arguments.output.mkdir(parents=True, exist_ok=True)
    script = Path(__file__).with_name("equal_score_page.mjs")
    done = subprocess.run(["node", script, arguments.output, *found])
    if done.returncode:
        sys.exit("the browser's part failed")
    percents = _percents(arguments.output, found)
    print("| picture | this package | MozJPEG wasm |\n| --- | ---: | ---: |")
    for picture, *row in zip(found, *percents.values(), strict=True):
        print(f"| {picture.stem} | {' | '.join('-' if p is None else f'{p:+.1f} %' for p in row)} |")
    ours, mozjpeg = (_mean(percents[encoder]) for encoder in ("ours", "mozjpeg"))
    print(f"| mean | {ours:+.1f} % | {mozjpeg:+.1f} % |")
    if arguments.write:
        version = json.loads((ROOT / "savedmodels/balanced/model.json").read_text())["version"]
        _write(f"\n`balanced` {version} {ours:+.1f} %, MozJPEG in WebAssembly {mozjpeg:+.1f} %\n")


if __name__ == "__main__":
    main()
