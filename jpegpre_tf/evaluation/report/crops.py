"""Crops of the pictures with the best and the worst BD-rate, beside plain JPEG at equal size."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from jpegpre_tf._types import RGBImage
from jpegpre_tf.codecs import get_encoder
from jpegpre_tf.codecs.base import Encoded
from jpegpre_tf.evaluation.candidates import REFERENCE_ENCODER, Candidate
from jpegpre_tf.evaluation.equal_size import smallest_file_above
from jpegpre_tf.evaluation.pictures import find_pictures
from jpegpre_tf.evaluation.reading import Reading
from jpegpre_tf.evaluation.results import MetricRecord, Results
from jpegpre_tf.evaluation.series import collect_curves
from jpegpre_tf.filters.opencv import opencv

_SIDE = 176
# The rate at which the look is compared: where JPEG's faults are visible, but people still use it.
_RATE_BPP = 0.5


@dataclass(frozen=True)
class Crops:
    """One picture's three crops, as files.

    Attributes:
        rank: "best", "worst", or "" if all pictures are shown.
        picture: Name of the picture.
        percent: BD-rate of the candidate on it.
        metric: Label of the metric of `percent`.
        original, plain, edited: PNG files.
        plain_text, edited_text: What is seen: size and quality.
    """

    rank: str
    picture: str
    percent: float
    metric: str
    original: Path
    plain: Path
    edited: Path
    plain_text: str
    edited_text: str


def write_crops(
    results: Results,
    candidate: Candidate,
    inputs: Sequence[Path],
    folder: Path,
    count: int = 2,
    *,
    reading: Reading | None = None,
    reference_encoder: str = REFERENCE_ENCODER,
) -> list[Crops]:
    """Writes crops of the `count` best pictures, then the `count` worst ones, of one candidate.

    Args:
        results: The results of `evaluate`.
        candidate: One of their candidates.
        inputs: Folders and files that the pictures come from.
        folder: Where the PNG files go.
        count: Fewer are written if there are fewer pictures.
        reading: How the pictures are read, None for the defaults.
        reference_encoder: What makes the plain files.
    """
    entry = next(entry for entry in results.candidates if entry.key == candidate.key)
    metric = choose_crop_metric(results)
    ranked = sorted(
        (percent, picture)
        for picture in entry.pictures
        if (percent := entry.percent(picture, metric.name, results.headline)) is not None
    )
    picked = [("", *ranking) for ranking in ranked]
    if len(ranked) > 2 * count:
        picked = [("best", *ranking) for ranking in ranked[:count]] + [
            ("worst", *ranking) for ranking in ranked[-count:]
        ]
    if not picked:
        return []
    found = find_pictures(inputs)
    folder.mkdir(parents=True, exist_ok=True)
    writer = candidate.make_writer()
    result = []
    for rank, percent, picture in picked:
        image = (reading or Reading()).open(found[picture]).pixels
        points = collect_curves(results, entry, metric.name)[picture]
        quality = min(points, key=lambda point: abs(np.log(point[1] / _RATE_BPP)))[0]
        strength = candidate.strengths[0]
        if candidate.is_envelope:
            strength = entry.pictures[picture].chosen_strengths[metric.name][quality]
        edited = writer.write(image, quality, strength)
        plain = smallest_file_above(get_encoder(reference_encoder), image, edited.size_bytes)
        window = _most_different(plain.decoded, edited.decoded)
        stem = picture.replace("/", "_")
        files = [folder / f"{stem}_{name}.png" for name in ("original", "plain", "edited")]
        for file, pixels in zip(files, (image, plain.decoded, edited.decoded), strict=True):
            Image.fromarray(pixels[window]).save(file)
        result.append(
            Crops(
                rank=rank,
                picture=picture,
                percent=percent,
                metric=metric.label,
                original=files[0],
                plain=files[1],
                edited=files[2],
                plain_text=_describe_file(plain),
                edited_text=_describe_file(edited),
            )
        )
    return result


def choose_crop_metric(results: Results) -> MetricRecord:
    """The metric that ranks pictures: SSIMULACRA2, nearest to what people see; else the first."""
    return next((metric for metric in results.metrics if metric.name == "ssimulacra2"), results.metrics[0])


def _describe_file(encoded: Encoded) -> str:
    return f"{encoded.size_bytes / 1000:.1f} kB, quality {encoded.quality}"


def _most_different(a: RGBImage, b: RGBImage) -> tuple[slice, slice]:
    """The window in which two pictures differ most (squared, in levels)."""
    difference: NDArray[np.float32] = ((a.astype(np.float32) - b) ** 2).sum(axis=2)
    height, width = (min(_SIDE, side) for side in difference.shape)
    cv2 = opencv("The report's crops")
    sums = cv2.boxFilter(
        difference, cv2.CV_32F, (width, height), anchor=(0, 0), borderType=cv2.BORDER_CONSTANT
    )
    inside = sums[: difference.shape[0] - height + 1, : difference.shape[1] - width + 1]
    top, left = np.unravel_index(int(np.argmax(inside)), inside.shape)
    return slice(int(top), int(top) + height), slice(int(left), int(left) + width)
