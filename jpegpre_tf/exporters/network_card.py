"""The folder of a neural simulator or rate estimator: model.keras, model.json that describes it, README.md."""

import json
from collections.abc import Mapping
from pathlib import Path

import keras
import numpy as np

from jpegpre_tf._json import Json
from jpegpre_tf.exporters.model_card import LICENSE
from jpegpre_tf.models.neural_rate_estimator import NeuralRateEstimator
from jpegpre_tf.models.neural_simulator import NeuralSimulator
from jpegpre_tf.runtime.cards.model_card import ModelCard
from jpegpre_tf.runtime.cards.model_file import ModelFile
from jpegpre_tf.runtime.cards.training_record import TrainingRecord

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
    card = ModelCard(
        name=folder.name,
        kind=_KINDS[type(network)],
        version=version,
        license=LICENSE,
        encoder=encoder,
        files={"model.keras": ModelFile.of((folder / "model.keras").read_bytes(), "keras")},
        inputs={
            "images": {
                "shape": ["batch", "height", "width", 3],
                "dtype": "float32",
                "unit": "RGB levels 0..255",
            },
            "quality": {"shape": ["batch"], "dtype": "float32", "unit": "the encoder's quality 1..100"},
        },
        quality_range=quality_range,
        parameters=int(network.count_params()),
        multiply_adds_per_pixel=round(multiply_adds_per_pixel(network)),
        training=training,
        measured=measured,
    )
    (folder / "model.json").write_text(json.dumps(card.to_json(), indent=2) + "\n", encoding="utf-8")
    (folder / "README.md").write_text(_readme(card, training), encoding="utf-8")


def _readme(card: ModelCard, training: TrainingRecord) -> str:
    low, high = card.quality_range
    encoder = card.encoder
    preset = card.name.removeprefix(f"{card.kind}-")
    lines = [
        f"# {card.name}, version {card.version}",
        "",
        _WHAT[card.kind].format(encoder=encoder["name"]),
        "",
        f"Encoder: {encoder['name']} {encoder['version']}; {encoder['flags']}. Learned at quality {low} to {high}. "
        f"{card.parameters:,} parameters, {card.multiply_adds_per_pixel:,} multiply-adds per "
        f"pixel beside colour and DCT; licence {card.license}. How it works: `docs/neural.md`.",
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
