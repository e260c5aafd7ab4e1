"""Whether a model's int8 files are one model: LiteRT, ONNX Runtime and the kernel on varied pictures.

    python tools/check/int8_parity.py savedmodels/balanced PHOTOS [--size 512]

Twenty pictures: the city, the girl and the bird of tests/pictures; made by code text, thin lines, a night, a sky and
shapes in pure blue and violet; the others of PHOTOS, evenly spaced in its list; the middle of each. At qualities 10,
30, 50, 75 and 90: samples edited for libjpeg's tables, and what is decided for the model's own, which carriers hold.
Exits with 1 where less than 99.95 % of samples are within one level, or less than 99.99 % of coefficients equal.
"""

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt

from jpegpre_tf import runtime
from jpegpre_tf._types import RGBImage
from jpegpre_tf.exporters.parity import QUALITIES
from jpegpre_tf.exporters.processor import processor_name
from jpegpre_tf.runtime.inference.kernel_library import kernel_levels
from jpegpre_tf.training.data import synthetic
from jpegpre_tf.training.data.crops import list_pictures, load_rgb

PICTURES = Path(__file__).resolve().parents[2] / "tests" / "pictures"
COUNT = 20
LEAST_WITHIN, LEAST_EQUAL = 0.9995, 0.9999


def saturated(size: int) -> RGBImage:
    """Shapes in pure blue and violet: channels at 0 and 255."""
    gray = synthetic.photo_like(size, seed=5)[..., :1].astype(np.int64)
    colors = [np.where(gray > 140, 255, 0), np.zeros_like(gray), np.minimum(64 + gray, 255)]
    return np.concatenate(colors, axis=-1).astype(np.uint8)


MADE: dict[str, Callable[[int], RGBImage]] = {
    "text": synthetic.text,
    "lines": synthetic.lines,
    "night": synthetic.night,
    "sky": synthetic.gradient,
    "saturated": saturated,
}


def varied_pictures(folder: Path, size: int) -> dict[str, RGBImage]:
    """Name -> uint8 (at most `size`, at most `size`, 3)."""
    found = {path.stem: load_rgb(path) for path in list_pictures(PICTURES)}
    found |= {f"made, {name}": make(size) for name, make in MADE.items()}
    others = [path for path in list_pictures(folder) if path.stem not in found]
    missing = COUNT - len(found)
    if len(others) < missing:
        raise SystemExit(f"{folder}: expected at least {missing} pictures, found {len(others)}")
    chosen = [others[index * len(others) // missing] for index in range(missing)]
    found |= {path.stem: load_rgb(path) for path in chosen}
    return {name: _middle(picture, size) for name, picture in found.items()}


def _middle(picture: RGBImage, size: int) -> RGBImage:
    top, left = ((side - min(side, size)) // 2 for side in picture.shape[:2])
    return np.ascontiguousarray(picture[top : top + size, left : left + size])


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("model", type=Path)
    parser.add_argument("photos", type=Path)
    parser.add_argument("--size", type=int, default=512, help="pixels a side of the crops")
    arguments = parser.parse_args(argv)
    sessions = {
        name: runtime.load(arguments.model, "int8", 1, name)
        for name in ("litert", "onnxruntime", *(["kernel"] if kernel_levels() else []))
    }
    litert = sessions.pop("litert")
    pictures = varied_pictures(arguments.photos, arguments.size)
    totals = {name: np.zeros(5) for name in sessions}
    for name, picture in pictures.items():
        for quality in QUALITIES:
            edited = litert(picture, quality).astype(np.int16)
            decided = _flat(litert, picture, quality)
            for backend, session in sessions.items():
                error = np.abs(session(picture, quality) - edited)
                differ = np.count_nonzero(_flat(session, picture, quality) != decided)
                part = [np.count_nonzero(error > 1), error.size, differ, decided.size, 0]
                totals[backend] += part
                totals[backend][4] = max(totals[backend][4], error.max())
                if error.max() > 1 or differ:
                    words = f"{error.max()} levels at most, {differ} coefficients of {decided.size}"
                    print(f"{name}, quality {quality}, {backend}: {words}", file=sys.stderr)
    model = runtime.find_model(arguments.model)
    print(
        f"{model.name} {model.version} on {processor_name()}, {len(pictures)} pictures at qualities "
        f"{', '.join(map(str, QUALITIES))}, against LiteRT\n"
    )
    print("| int8 by | samples within 1 level | largest difference | equal coefficients |")
    print("| --- | ---: | ---: | ---: |")
    holds = True
    for backend, (over, samples, differ, coefficients, largest) in totals.items():
        within, equal = 1 - over / samples, 1 - differ / coefficients
        holds &= within >= LEAST_WITHIN and equal >= LEAST_EQUAL
        print(f"| {backend} | {100 * within:.5f} % | {largest:g} | {100 * equal:.5f} % |")
    return int(not holds)


def _flat(session: runtime.Session, picture: RGBImage, quality: int) -> npt.NDArray[np.int16]:
    """What is decided for the model's own tables."""
    planes = session.decide(picture, session.target_tables(quality)).planes
    return np.concatenate([plane.ravel() for plane in planes])


if __name__ == "__main__":
    sys.exit(main())
