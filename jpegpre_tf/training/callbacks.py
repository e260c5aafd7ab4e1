"""What happens between epochs: the model is kept, and measured with real files."""

import io
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np
import numpy.typing as npt
import tensorflow as tf
from PIL import Image

from jpegpre_tf.evaluation.bd_rate import RANGES, bd_rate
from jpegpre_tf.losses.measures import MEASURES
from jpegpre_tf.training.averages import averaged
from jpegpre_tf.training.data.crops import load_rgb

Picture = npt.NDArray[np.uint8]
Curve = tuple[list[float], list[float]]


class KeepModel(keras.callbacks.Callback):
    """Appends one JSON line per epoch to log.jsonl and keeps model.keras and best.keras current.

    Args:
        folder: Of the run.
        monitor: Which value, lower is better, decides what the best model is; without it only the current is kept.
    """

    def __init__(self, folder: Path, monitor: str = "val_loss") -> None:
        super().__init__()
        self.folder = folder
        self.monitor = monitor

    def _best_so_far(self) -> float:
        try:
            lines = (self.folder / "log.jsonl").read_text(encoding="utf-8").splitlines()
        except FileNotFoundError:
            return float("inf")
        return min((json.loads(line).get(self.monitor, float("inf")) for line in lines), default=float("inf"))

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        record = {"epoch": epoch, **{name: float(value) for name, value in (logs or {}).items()}}
        is_best = record.get(self.monitor, float("inf")) < self._best_so_far()
        with (self.folder / "log.jsonl").open("a", encoding="utf-8") as log:
            log.write(json.dumps(record) + "\n")
        with averaged(self.model):
            for name in ("model.keras", *(["best.keras"] if is_best else [])):
                partial = self.folder / "partial.keras"
                self.model.preprocessor.save(partial)
                partial.replace(self.folder / name)


class RealBDRate(keras.callbacks.Callback):
    """Measures the BD-rate of the present model with Pillow's encoder, and adds it to the logs.

    Logs `bd_<measure>` for each measure and `bd_rate`, their weighted mean: percent of file size at equal quality
    against plain JPEG (optimised Huffman tables, 4:2:0), headline range, mean over pictures; negative is smaller.

    Args:
        paths: Pictures; their middle is used, up to `size` pixels a side.
        measures: Name -> weight, see `BDRate`. Measures without weight are logged too.
        qualities: Of the curves, at least 4.
        every: Epochs between measurements.
        count: How many pictures.
        size: Pixels, a multiple of 16, at least 176.
    """

    def __init__(
        self,
        paths: Sequence[Path],
        measures: Mapping[str, float],
        *,
        qualities: Sequence[int] = (8, 16, 30, 50, 70, 84),
        every: int = 1,
        count: int = 6,
        size: int = 384,
    ) -> None:
        super().__init__()
        self.measures = dict(measures)
        self.qualities = tuple(qualities)
        self.every = every
        self.pictures = [_middle(load_rgb(path), size) for path in paths[:count]]
        self._plain: list[dict[str, Curve]] = []
        self._functions = {name: tf.function(function) for name, function in MEASURES.items()}

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        if (epoch + 1) % self.every == 0 and logs is not None:
            with averaged(self.model):
                logs.update(self.measure(self.model.preprocessor))

    def measure(self, preprocessor: Any) -> dict[str, float]:
        """BD-rates in percent of any callable `(image, quality, strength)` -> image."""
        if not self._plain:
            self._plain = [self._curves(picture, None) for picture in self.pictures]
        found: dict[str, list[float]] = {name: [] for name in MEASURES}
        for picture, plain in zip(self.pictures, self._plain, strict=True):
            edited = self._curves(picture, preprocessor)
            for name in MEASURES:
                percent = bd_rate(plain[name], edited[name], RANGES[0]).percent
                if percent is not None:
                    found[name].append(percent)
        means = {name: float(np.mean(values)) for name, values in found.items() if values}
        total = sum(weight for name, weight in self.measures.items() if name in means)
        result = {f"bd_{name}": mean for name, mean in means.items()}
        if total:
            weighted = sum(weight * means[name] for name, weight in self.measures.items() if name in means)
            result["bd_rate"] = weighted / total
        return result

    def _curves(self, picture: Picture, preprocessor: Any) -> dict[str, Curve]:
        """Measure -> (rates in bpp, values)."""
        original = tf.constant(picture[None], tf.float32)
        curves: dict[str, Curve] = {name: ([], []) for name in MEASURES}
        for quality in self.qualities:
            pixels = picture
            if preprocessor is not None:
                edited = preprocessor(original, _scalar(quality), _scalar(1.0))
                pixels = np.asarray(edited[0]).round().clip(0, 255).astype(np.uint8)
            file = io.BytesIO()
            Image.fromarray(pixels).save(file, "JPEG", quality=quality, subsampling="4:2:0", optimize=True)
            decoded = tf.constant(np.asarray(Image.open(file).convert("RGB"))[None], tf.float32)
            for name, function in self._functions.items():
                curves[name][0].append(8.0 * len(file.getbuffer()) / (picture.shape[0] * picture.shape[1]))
                curves[name][1].append(float(function(original, decoded)[0]))
        return curves


def _scalar(value: float) -> tf.Tensor:
    return tf.fill([1, 1, 1, 1], float(value))


def _middle(picture: Picture, size: int) -> Picture:
    """The middle, each side a multiple of 16 of at most `size` pixels."""
    height, width = (min(side, size) // 16 * 16 for side in picture.shape[:2])
    top, left = (picture.shape[0] - height) // 2, (picture.shape[1] - width) // 2
    return np.ascontiguousarray(picture[top : top + height, left : left + width])
