"""The folder of a neural simulator or rate estimator: model.keras, model.json that describes it, README.md."""

import dataclasses
from collections.abc import Mapping
from pathlib import Path

import keras
import numpy as np

from jpegpre_tf._json import Json
from jpegpre_tf.exporters.model_card import LICENSE, write_card_and_readme
from jpegpre_tf.models.encoder_quantizer import LAST_QUALITY
from jpegpre_tf.models.neural_rate_estimator import NeuralRateEstimator
from jpegpre_tf.models.neural_simulator import NeuralSimulator
from jpegpre_tf.runtime.cards.model_card import ModelCard
from jpegpre_tf.runtime.cards.model_file import ModelFile
from jpegpre_tf.runtime.cards.parity import Parity
from jpegpre_tf.runtime.cards.training_record import TrainingRecord
from jpegpre_tf.runtime.inference.models.model_folder import shipped_models

_KINDS = {NeuralSimulator: "simulator", NeuralRateEstimator: "rate"}
_CLASS_NAMES = {kind: network.__name__ for network, kind in _KINDS.items()}
_WHAT = {
    "simulator": "Does to a picture what {encoder} and a decoder do: `(images, quality)` -> decoded pictures.",
    "rate": "Tells how many bits per pixel {encoder} takes: `(images, quality)` -> bits of the file per pixel.",
}


def multiply_adds_per_pixel(network: keras.Model) -> float:
    """Of the network's convolutions and dense layers per pixel of the picture; colour and DCT not counted."""
    luma, chroma = network.quantizer.luma_network, network.quantizer.chroma_network
    total = _convolutions(luma) / 64 + _convolutions(chroma) / 256
    if isinstance(network, NeuralRateEstimator):
        for part, blocks_per_pixel in zip(network.rate_network.parts, (1 / 64, 2 / 256), strict=True):
            layers = (part.hidden, part.second, part.last)
            total += sum(np.prod(layer.kernel.shape) for layer in layers) * blocks_per_pixel
    return float(total)


def _convolutions(network: keras.Model) -> int:
    """Weights used at every position: all kernels but those that see the picture's quality alone."""
    layers = [layer for layer in network.layers if isinstance(layer, keras.layers.Conv2D)]
    return sum(
        int(np.prod(layer.kernel.shape)) for layer in layers if not layer.name.endswith(("_scale", "_offset"))
    )


def write_network_folder(
    network: keras.Model,
    folder: Path,
    *,
    version: str,
    encoder: Mapping[str, str],
    training: TrainingRecord,
    quality_range: tuple[int, int],
    measured: Mapping[str, Mapping[str, Json]],
) -> None:
    """Writes model.keras, model.json and README.md into `folder`, whose name becomes the model's name.

    Args:
        network: `NeuralSimulator` or `NeuralRateEstimator`.
        version: Version of the model.
        encoder: What was learned, see `codecs.Encoder.identity`.
        training: Data and commands that made it.
        quality_range: Qualities that were learned, on the encoder's scale.
        measured: Title -> {"command", "pictures", and numbers}.
    """
    folder.mkdir(parents=True, exist_ok=True)
    network.save(folder / "model.keras")
    card = dataclasses.replace(
        new_network_card(network, folder.name),
        version=version,
        encoder=encoder,
        files={"model.keras": ModelFile.of((folder / "model.keras").read_bytes(), "keras")},
        quality_range=quality_range,
        training=training,
        measured=measured,
    )
    write_network_card(folder, card)


def new_network_card(network: keras.Model, name: str) -> ModelCard:
    """Returns model.json of a network about whose training nothing is known, without files."""
    kind = _KINDS[type(network)]
    picture = _tensor(["batch", "height", "width", 3], "RGB levels 0..255")
    outputs: dict[str, dict[str, Json]] = {
        "simulator": {"output": picture},
        "rate": {"bits_per_pixel": _tensor(["batch"], "bits of the file per pixel")},
    }
    return ModelCard(
        name=name,
        version="1",
        kind=kind,
        license=LICENSE,
        encoder={"name": network.encoder},
        inputs={"images": picture, "quality": _tensor(["batch"], "the encoder's quality 1..100")},
        outputs=outputs[kind],
        quality_range=(1, LAST_QUALITY),
        parameters=int(network.count_params()),
        multiply_adds_per_pixel=round(multiply_adds_per_pixel(network)),
        training=TrainingRecord(),
    )


def _tensor(shape: list[Json], unit: str) -> dict[str, Json]:
    return {"shape": shape, "dtype": "float32", "unit": unit}


def write_network_card(folder: Path, card: ModelCard) -> None:
    """Writes model.json, and README.md from it."""
    write_card_and_readme(folder, card, _readme(card, _preset(folder, card)))


def _preset(folder: Path, card: ModelCard) -> str:
    """What `from_preset` takes for the network: a name for one of the package, else a path."""
    path = folder.absolute()
    if path.parent in {model.path.absolute().parent for model in shipped_models()}:
        return card.name.removeprefix(f"{card.kind}-")
    return f"path/to/{path.name}"


def difference_words(parity: Parity | None) -> str:
    """Mean and largest difference with their unit; empty where they were not measured."""
    if parity is None:
        return ""
    for unit, mean, largest in (
        ("levels", parity.mean_levels, parity.max_levels),
        ("relative", parity.mean_relative, parity.max_relative),
    ):
        if mean is not None and largest is not None:
            return f"{mean:.2g} / {largest:.2g} {unit}"
    return ""


def _file_lines(files: Mapping[str, ModelFile]) -> list[str]:
    """A table of exported files, empty without any."""
    rows = []
    for name, entry in files.items():
        if difference := difference_words(entry.parity):
            size = "x".join(map(str, entry.picture_size)) if entry.picture_size else "any"
            rows.append(f"| `{name}` | {entry.size_bytes or 0:,} | {size} | {difference} |")
    if not rows:
        return []
    return [
        "",
        "Exported by `jpegpre export` (`docs/export.md`): `image` float32 (1, height, width, 3) and `quality` float32 "
        "(1,), by name.",
        "",
        "| file | bytes | height x width | against Keras: mean / largest |",
        "| --- | ---: | --- | ---: |",
        *rows,
    ]


def _readme(card: ModelCard, preset: str) -> str:
    low, high = card.quality_range
    training = card.training or TrainingRecord()
    name, version, flags = (card.encoder.get(key, "not recorded") for key in ("name", "version", "flags"))
    lines = [
        f"# {card.name}, version {card.version}",
        "",
        _WHAT[card.kind].format(encoder=name),
        "",
        f"Encoder: {name} {version}; {flags}. Learned at quality {low} to {high}. "
        f"{card.parameters or 0:,} parameters, {card.multiply_adds_per_pixel or 0:,} multiply-adds per "
        f"pixel beside colour and DCT; licence {card.license or 'not recorded'}. How it works: `docs/neural.md`.",
        "",
        "```python",
        "import jpegpre_tf",
        "",
        f'network = jpegpre_tf.{_CLASS_NAMES[card.kind]}.from_preset("{preset}")',
        "result = network(images, quality=[75.0] * len(images))",
        "```",
        "",
        f"Trained on: {training.data}",
        "",
        *(f"    {command}" for command in training.commands),
        *_file_lines(card.files),
    ]
    for title, measured in card.measured.items():
        lines += [
            "",
            f"## {title}",
            "",
            f"    {measured['command']}",
            "",
            "| what | value |",
            "| --- | ---: |",
        ]
        lines += [f"| {key} | {value} |" for key, value in measured.items() if key != "command"]
    return "\n".join(lines) + "\n"
