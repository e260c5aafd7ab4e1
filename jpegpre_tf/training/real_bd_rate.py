"""The BD-rate of a model in training, of the files that it makes."""

import io
import itertools
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import keras
import numpy as np
import numpy.typing as npt
import tensorflow as tf
from PIL import Image

from jpegpre_tf._types import RGBImage
from jpegpre_tf.evaluation.bd_rate import RANGES, bd_rate
from jpegpre_tf.jpeg.tables import quantization_tables
from jpegpre_tf.layers.tuned_tables import TunedTables
from jpegpre_tf.losses.metrics import METRICS
from jpegpre_tf.models.decision_graph import Decisions, rounding_graph
from jpegpre_tf.models.preprocessor import Preprocessor, split_tables
from jpegpre_tf.training.averages import averaged
from jpegpre_tf.training.data.crops import ReadablePictures
from jpegpre_tf.training.decided_file import decode_decisions, rate_of_decisions

Curve = tuple[list[float], list[float]]
# A picture and a quality -> size in bytes and decoded picture.
Encode = Callable[[RGBImage, int], tuple[float, RGBImage]]
# Images (1, H, W, 3) and tables (1, 2, 8, 8) -> rate_bpp (1,) and decoded images.
DecidedFile = Callable[[tf.Tensor, tf.Tensor], tuple[tf.Tensor, tf.Tensor]]


class RealBDRate(keras.callbacks.Callback):
    """Measures the BD-rate of the present model and tables on pictures, and adds it to the logs.

    Logs `bd_<metric>` for each metric and `bd_rate`, their weighted mean: percent of file size at equal quality against
    plain JPEG (optimized Huffman tables, 4:2:0), headline range, mean over pictures; negative is smaller. With tuned
    tables those are of the files that carriers yield, simulated to the byte and sample, and `edit_<metric>` and
    `edit_rate` of edited pixels through Pillow's encoder; without them `bd_` is of edited pixels.

    Args:
        paths: Pictures; their middle is used, up to `size` pixels a side.
        metrics: Name -> weight, see `BDRate`. Metrics without weight are logged too.
        qualities: Qualities of the curves, at least 4.
        every: Epochs between measurements.
        count: How many pictures.
        size: Pixels, a multiple of 16, at least 176.
    """

    def __init__(
        self,
        paths: Sequence[Path] | ReadablePictures,
        metrics: Mapping[str, float],
        *,
        qualities: Sequence[int] = (8, 16, 30, 50, 70, 84),
        every: int = 1,
        count: int = 6,
        size: int = 384,
    ) -> None:
        super().__init__()
        self.weights = dict(metrics)
        self.qualities = tuple(qualities)
        self.every = every
        readable = paths if isinstance(paths, ReadablePictures) else ReadablePictures(paths)
        pictures = itertools.islice(readable.load_all(), count)
        self.pictures = [_middle(picture, size) for picture in pictures]
        self._plain: list[dict[str, Curve]] = []
        # The last preprocessor and its compiled function, which takes longer to compile than to run.
        self._decided_file: tuple[Preprocessor | None, DecidedFile] | None = None
        self._functions = {name: tf.function(function) for name, function in METRICS.items()}

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        if (epoch + 1) % self.every == 0 and logs is not None:
            with averaged(self.model):
                logs.update(self.measure(self.model.preprocessor, self.model.tuned_tables))

    def measure(
        self,
        preprocessor: Preprocessor | None,
        tuned_tables: TunedTables | None = None,
        *,
        edits: bool = True,
    ) -> dict[str, float]:
        """BD-rates in percent.

        Args:
            preprocessor: Any callable `(image, tables, strength=)` -> image, with a `decide` if there are tuned tables;
                None for coefficients that are rounded.
            tuned_tables: `TunedTables` of the files, or None for Annex K's.
            edits: Whether edited pixels are measured beside files of tuned tables.
        """
        if not self._plain:
            self._plain = [self._curves(picture, _encode) for picture in self.pictures]
        if tuned_tables is None:
            if preprocessor is None:
                raise ValueError("without `tuned_tables`, expected a `preprocessor`. Received: None")
            return self._rates("bd", _compile_edit(preprocessor))
        if self._decided_file is None or self._decided_file[0] is not preprocessor:
            self._decided_file = preprocessor, _compile_decided(preprocessor)
        result = self._rates("bd", _encode_decided(self._decided_file[1], tuned_tables.to_stored().tables))
        if preprocessor is None or not edits:
            return result
        return result | self._rates("edit", _compile_edit(preprocessor))

    def _rates(self, prefix: str, encode: Encode) -> dict[str, float]:
        found: dict[str, list[float]] = {name: [] for name in METRICS}
        for picture, plain in zip(self.pictures, self._plain, strict=True):
            curves = self._curves(picture, encode)
            for name in METRICS:
                percent = bd_rate(plain[name], curves[name], RANGES[0]).percent
                if percent is not None:
                    found[name].append(percent)
        means = {name: float(np.mean(values)) for name, values in found.items() if values}
        total = sum(weight for name, weight in self.weights.items() if name in means)
        result = {f"{prefix}_{name}": mean for name, mean in means.items()}
        if total:
            weighted = sum(weight * means[name] for name, weight in self.weights.items() if name in means)
            result[f"{prefix}_rate"] = weighted / total
        return result

    def _curves(self, picture: RGBImage, encode: Encode) -> dict[str, Curve]:
        """Metric -> (rates in bpp, values)."""
        original = tf.constant(picture[None], tf.float32)
        curves: dict[str, Curve] = {name: ([], []) for name in METRICS}
        for quality in self.qualities:
            size_bytes, decoded = encode(picture, quality)
            shown = tf.constant(decoded[None], tf.float32)
            for name, function in self._functions.items():
                curves[name][0].append(8.0 * size_bytes / (picture.shape[0] * picture.shape[1]))
                curves[name][1].append(float(function(original, shown)[0]))
        return curves


def _encode(pixels: RGBImage, quality: int) -> tuple[float, RGBImage]:
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "JPEG", quality=quality, subsampling="4:2:0", optimize=True)
    return float(len(file.getbuffer())), np.asarray(Image.open(file).convert("RGB"))


def _compile_edit(preprocessor: Preprocessor) -> Encode:
    def encode(picture: RGBImage, quality: int) -> tuple[float, RGBImage]:
        tables = tf.constant(np.stack(quantization_tables(quality)), tf.float32)
        edited = preprocessor(tf.constant(picture[None], tf.float32), tables, strength=tf.ones([1]))
        return _encode(np.asarray(edited[0]).round().clip(0, 255).astype(np.uint8), quality)

    return encode


def _compile_decided(preprocessor: Preprocessor | None) -> DecidedFile:
    @tf.function(jit_compile=True, autograph=False)
    def file_of(image: tf.Tensor, tables: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        if preprocessor is None:
            decisions: Decisions = rounding_graph().decide(
                image, *split_tables(tables), tf.ones([1, 1, 1, 1])
            )
        else:
            decisions = preprocessor.decide(image, tables, tf.ones([1]))
        rate = rate_of_decisions(decisions, tables, count_stuffing=True)
        return rate, decode_decisions(decisions, tables)

    return file_of


def _encode_decided(file_of: DecidedFile, tables_at: Callable[[int], npt.NDArray[np.uint8]]) -> Encode:
    """The file with the decisions for tuned tables: what `finish` makes of an encoded carrier."""

    def encode(picture: RGBImage, quality: int) -> tuple[float, RGBImage]:
        tables = tf.constant(tables_at(quality)[None], tf.float32)
        rate, decoded = file_of(tf.constant(picture[None], tf.float32), tables)
        pixels = picture.shape[0] * picture.shape[1]
        return float(rate[0]) * pixels / 8.0, np.asarray(decoded[0]).astype(np.uint8)

    return encode


def _middle(picture: RGBImage, size: int) -> RGBImage:
    """The middle, each side a multiple of 16 of at most `size` pixels."""
    height, width = (min(side, size) // 16 * 16 for side in picture.shape[:2])
    top, left = (picture.shape[0] - height) // 2, (picture.shape[1] - width) // 2
    return np.ascontiguousarray(picture[top : top + height, left : left + width])
