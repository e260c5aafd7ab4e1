"""A neural simulator or rate estimator to the files of its folder, each checked against Keras before any is written."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from jpegpre_tf._types import RGBImage
from jpegpre_tf.errors import ModelError, OutputError, UsageError
from jpegpre_tf.exporters.model_card import read_card
from jpegpre_tf.exporters.neural.card import new_network_card, write_network_card
from jpegpre_tf.exporters.neural.convert import (
    BITS,
    PICTURE,
    PRECISION,
    Network,
    convert_onnx,
    convert_tflite,
    output_name,
)
from jpegpre_tf.exporters.neural.run import run_file
from jpegpre_tf.runtime.cards.model_card import ModelCard
from jpegpre_tf.runtime.cards.model_file import ModelFile
from jpegpre_tf.runtime.cards.parity import Parity
from jpegpre_tf.storage.atomic import write_atomically

FORMATS = ("tflite", "onnx")
QUALITIES = (10.0, 30.0, 50.0, 75.0, 90.0)
# Against Keras. A sum in another order takes a few coefficients to the other side of a threshold, and each changes a
# block by several levels.
BOUNDS = {PICTURE: 0.02, BITS: 0.001}  # mean: levels, and part of the estimate
_LEAST_SIZE = 32  # pixels: chroma of two columns is upsampled in another way
_MOST_PICTURES = 4
# Of files' own metadata, from model.json.
_PROPERTIES = ("name", "version", "license")


@dataclass(frozen=True)
class NetworkExportRequest:
    """What to export.

    Attributes:
        network: A trained `NeuralSimulator` or `NeuralRateEstimator`.
        source: The .keras file that it came from; the folder gets a copy.
        folder: The folder to write; one that has a model.json keeps what that says about training. Without one, what
            a model.json beside `source` says is copied.
        pictures: uint8 (height, width, 3) each, to compare with Keras on.
        size: Height and width of the pictures that TFLite files take, pixels, each at least 32.
        formats: Some of `FORMATS`.

    Raises:
        UsageError: If a value does not fit.
    """

    network: Network
    source: Path
    folder: Path
    pictures: tuple[RGBImage, ...]
    size: tuple[int, int] = (256, 256)
    formats: tuple[str, ...] = FORMATS

    def __post_init__(self) -> None:
        if not self.formats or not set(self.formats) <= set(FORMATS):
            raise UsageError(
                f"`formats` must be some of {', '.join(FORMATS)}. Received: formats={','.join(self.formats)}"
            )
        if min(self.size) < _LEAST_SIZE:
            raise UsageError(
                f"`size` must be at least {_LEAST_SIZE} pixels a side. Received: size={self.size}"
            )
        if not self.pictures:
            raise UsageError("`pictures` must hold some to compare the files with Keras on")


def export_network(
    request: NetworkExportRequest, report: Callable[[str], None] = lambda line: None
) -> ModelCard:
    """Writes the files, model.json and README.md of `request.folder`; returns the content of model.json.

    Raises:
        ModelError: If the network cannot be converted, or a file is not the same network as Keras runs.
        OutputError: If a file cannot be written.
    """
    card = _card(request)
    properties = {name: str(getattr(card, name)) for name in _PROPERTIES}
    crops = [_crop(picture, request.size) for picture in request.pictures[:_MOST_PICTURES]]
    report(f"computing in Keras {len(crops)} pictures at {len(QUALITIES)} qualities")
    expected = _keras_results(request.network, crops)
    contents: dict[str, bytes] = {}
    entries: dict[str, ModelFile] = {}
    for file_format in request.formats:
        report(f"converting to {file_format}")
        if file_format == "tflite":
            content = convert_tflite(request.network, request.size, properties)
        else:
            content = convert_onnx(request.network, properties)
        name = f"{file_format}/{PRECISION}.{file_format}"
        contents[name] = content
        entries[name] = replace(
            ModelFile.of(content, file_format, PRECISION),
            picture_size=request.size if file_format == "tflite" else None,
            parity=_compare(name, request.network, content, crops, expected),
        )
    return _write(request, card, contents, entries)


def _card(request: NetworkExportRequest) -> ModelCard:
    file = request.folder / "model.json"
    fresh = new_network_card(request.network, request.folder.absolute().name)
    beside = request.source.with_name("model.json")
    if file.exists():
        kept = read_card(file)
    elif beside.exists():
        # The other files of that folder are not copied.
        file, kept = beside, replace(read_card(beside), name=fresh.name, files={})
    else:
        return fresh
    if kept.kind != fresh.kind:
        raise UsageError(f"{file}: expected a {fresh.kind}, found a {kept.kind}")
    # What follows from the network itself is recorded anew: it may be another one.
    names = ("inputs", "outputs", "parameters", "multiply_adds_per_pixel")
    return replace(kept, **{name: getattr(fresh, name) for name in names})


def _crop(picture: RGBImage, size: tuple[int, int]) -> RGBImage:
    """The middle of a picture, repeated where it is smaller."""
    tops = [max(0, have - want) // 2 for have, want in zip(picture.shape, size, strict=False)]
    crop = picture[tops[0] : tops[0] + size[0], tops[1] : tops[1] + size[1]]
    return np.pad(crop, [(0, size[0] - crop.shape[0]), (0, size[1] - crop.shape[1]), (0, 0)], "symmetric")


def _keras_results(network: Network, crops: Sequence[RGBImage]) -> list[npt.NDArray[np.float32]]:
    run = tf.function(network)
    results = []
    for crop in crops:
        for quality in QUALITIES:
            found = np.asarray(run(tf.constant(crop[np.newaxis], tf.float32), tf.constant([quality])))
            if not np.all(np.isfinite(found)):
                raise ModelError(f"the network gives NaN or infinity at quality {quality:g}: training failed")
            results.append(found)
    return results


def _compare(
    name: str,
    network: Network,
    content: bytes,
    crops: Sequence[RGBImage],
    expected: Sequence[npt.NDArray[np.float32]],
) -> Parity:
    output = output_name(network)
    cases = [(crop, quality) for crop in crops for quality in QUALITIES]
    results = run_file(content, name.rpartition(".")[2], output, cases)
    errors = [np.abs(found - keras) for found, keras in zip(results, expected, strict=True)]
    if output == BITS:
        errors = [error / keras for error, keras in zip(errors, expected, strict=True)]
    mean, largest = float(np.mean(errors)), float(np.max(errors))
    if not mean <= BOUNDS[output]:
        raise ModelError(
            f"{name}: the mean difference to Keras is {mean:.2g}, expected at most {BOUNDS[output]:g}; the conversion "
            "is at fault and not the network: report it with the versions of its packages"
        )
    mean, largest = (float(f"{value:.2g}") for value in (mean, largest))
    counted = Parity(pictures=len(crops), qualities=len(QUALITIES))
    if output == BITS:
        return replace(counted, mean_relative=mean, max_relative=largest)
    return replace(counted, mean_levels=mean, max_levels=largest)


def _write(
    request: NetworkExportRequest,
    card: ModelCard,
    contents: Mapping[str, bytes],
    entries: Mapping[str, ModelFile],
) -> ModelCard:
    """Writes the files and model.json; returns its content."""
    try:
        request.folder.mkdir(parents=True, exist_ok=True)
        kept = request.folder / "model.keras"
        if not (kept.exists() and kept.samefile(request.source)):
            write_atomically(kept, request.source.read_bytes())
        for name, content in contents.items():
            write_atomically(request.folder / name, content)
        keras_file = ModelFile.of(kept.read_bytes(), "keras")
        card = replace(card, files={**card.files, "model.keras": keras_file, **entries})
        write_network_card(request.folder, card)
    except OSError as error:
        raise OutputError(f"cannot write '{request.folder}': {error.strerror or error}") from error
    return card
