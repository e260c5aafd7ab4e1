"""The part of `jpegpre export` for neural simulators and rate estimators."""

import argparse
import json
import zipfile
from pathlib import Path

from jpegpre_tf._json import parse_json
from jpegpre_tf._optional import require
from jpegpre_tf.cli.common.output.messages import print_line, print_note
from jpegpre_tf.cli.common.output.table import print_table
from jpegpre_tf.cli.common.process.quiet import keep_own_lines, without_greeting
from jpegpre_tf.errors import UsageError
from jpegpre_tf.runtime.cards.model_card import PREPROCESSOR, ModelCard
from jpegpre_tf.runtime.inference.models.model_folder import find_model, shipped_models

_CLASS_NAMES = ("NeuralSimulator", "NeuralRateEstimator")
_KERAS = "model.keras"
_MADE_PICTURES = 4
# Options of a preprocessor's export, and what they are where they were not given.
_OTHERS: dict[str, int | None] = {"qat_steps": 0, "config": None, "bd_rate": 0}


def network_file(model: Path) -> Path | None:
    """The .keras file of a simulator or rate estimator; None if it is something else, or cannot be read.

    Args:
        model: A .keras file, a folder with a model.json, or the name of a shipped network.
    """
    if model.is_dir() or any(known.name == str(model) for known in shipped_models()):
        found = find_model(model)
        return found.path / _KERAS if found.kind != PREPROCESSOR else None
    try:
        with zipfile.ZipFile(model) as archive, archive.open("config.json") as file:
            # Looked at, and no more: the whole archive is checked before Keras reads it.
            class_name = parse_json(file.read(1_000_000))["class_name"]
    except (OSError, ValueError, KeyError, TypeError, RuntimeError, zipfile.BadZipFile):
        return None
    return model if class_name in _CLASS_NAMES else None


def export_network(arguments: argparse.Namespace, file: Path) -> int:
    """Exports the network of `file`; returns 0."""
    for name, default in _OTHERS.items():
        if getattr(arguments, name) != default:
            option = "--" + name.replace("_", "-")
            raise UsageError(f"{option} is for preprocessors; {arguments.model} is none")
    if arguments.precision not in (None, ("fp32",)):
        raise UsageError(
            f"--precision of a simulator or rate estimator must be fp32: {arguments.model} is one"
        )
    if "onnx" in arguments.to:
        require("tf2onnx", extra="export", purpose="ONNX export")
    import keras

    from jpegpre_tf.exporters.neural.export import NetworkExportRequest, export_network
    from jpegpre_tf.models.loading import load_network
    from jpegpre_tf.training.data.crops import list_pictures, load_rgb
    from jpegpre_tf.training.data.synthetic import photo_like

    folder = arguments.validation or arguments.pictures
    if folder is None:
        print_note("no --pictures: comparing on pictures made by code", "export")
        pictures = [photo_like(seed=seed) for seed in range(_MADE_PICTURES)]
    else:
        pictures = [load_rgb(path) for path in list_pictures(folder)[:_MADE_PICTURES]]
    request = NetworkExportRequest(
        network=load_network(file, keras.Model),
        source=file,
        folder=arguments.output,
        pictures=tuple(pictures),
        size=arguments.size,
        formats=arguments.to,
    )
    with keep_own_lines(), without_greeting():
        card = export_network(request, report=print_line)
    if arguments.json:
        print(json.dumps(card.to_json()))
    else:
        print_table(("file", "kB", "mean / largest difference"), _rows(card))
    return 0


def _rows(card: ModelCard) -> list[tuple[str, ...]]:
    from jpegpre_tf.exporters.neural.card import difference_words

    return [
        (name, f"{(entry.size_bytes or 0) / 1000:.0f}", difference_words(entry.parity))
        for name, entry in card.files.items()
    ]
