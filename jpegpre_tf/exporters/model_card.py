"""A model's folder: the files, model.json that describes them, README.md for people."""

import dataclasses
import json
import textwrap
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import numpy.typing as npt

from jpegpre_tf._json import Json, parse_json
from jpegpre_tf.errors import ModelError
from jpegpre_tf.evaluation.results import Results
from jpegpre_tf.exporters import parity
from jpegpre_tf.exporters.signatures import CARRIER, DECIDE, DESCRIPTIONS, INPUTS, OUTPUTS, shape_of
from jpegpre_tf.exporters.tflite import export_tflite
from jpegpre_tf.models.preprocessor import Preprocessor
from jpegpre_tf.runtime.cards.model_card import PREPROCESSOR, ModelCard, Tile
from jpegpre_tf.runtime.cards.model_file import ModelFile
from jpegpre_tf.runtime.cards.parity import Parity
from jpegpre_tf.runtime.cards.training_record import TrainingRecord
from jpegpre_tf.storage.atomic import write_atomically

LICENSE = "Apache-2.0"
_BLOCK = 8  # pixels
_ALIGNMENT = 16  # pixels: one chroma block at 4:2:0
_LINE_WIDTH = 120  # characters


def tile_overlap(preprocessor: Preprocessor) -> int:
    """Pixels of context that an output pixel depends on, rounded up to the alignment.

    Each spatial block's 3x3 convolution looks one 8x8 block further.
    """
    return -(-_BLOCK * preprocessor.spatial_blocks // _ALIGNMENT) * _ALIGNMENT


def tflite_parity(
    preprocessor: Preprocessor, content: bytes, pictures: list[npt.NDArray[np.uint8]]
) -> Parity:
    """Differences between Keras and the TFLite file over pictures and qualities.

    Args:
        pictures: uint8 (256, 256, 3) each.
    """
    session = parity.open_session({"all": content}, "tflite")
    return parity.difference(
        parity.file_results(session, pictures), parity.keras_results(preprocessor, pictures)
    )


def summary_of_results(results: Results, name: str) -> dict[str, Json]:
    """BD-rates of a profile in an evaluation's results.json, in percent, for model.json.

    Args:
        results: Results of the evaluation.
        name: Name of the profile, or of its folder.

    Raises:
        ModelError: If the profile was not measured.
    """
    keys = [candidate.key for candidate in results.candidates]
    found = [key for key in keys if key.startswith("profile:") and Path(key.partition(":")[2]).name == name]
    if len(found) != 1:
        raise ModelError(f"expected one measurement of the profile {name!r}, found {', '.join(keys)}")
    candidate = results.candidates[keys.index(found[0])]
    bd_rates: dict[str, dict[str, float]] = {}
    for metric, ranges in candidate.bd_rate.items():
        for bounds, summary in ranges.items():
            if summary is not None:
                bd_rates.setdefault(f"bd_rate_percent {bounds} bpp", {})[metric] = round(summary.mean, 2)
    return {"pictures": len(results.pictures), "reference": results.reference.label, **bd_rates}


def write_model_folder(
    preprocessor: Preprocessor,
    folder: Path,
    *,
    version: str,
    training: TrainingRecord,
    objective: Mapping[str, float],
    quality_range: tuple[int, int],
    pictures: list[npt.NDArray[np.uint8]],
) -> None:
    """Writes model.keras, tflite/fp32.tflite and model.json (without measurements) into `folder`.

    Args:
        folder: Folder to write; its name becomes the profile's name.
        version: Version of the model.
        training: Data and commands that made it.
        objective: Metric -> weight of its BD-rate in training; empty for another objective.
        quality_range: Qualities that the model was trained for.
        pictures: For the parity check, uint8 (256, 256, 3) each.

    Raises:
        ModelError: If the exported file differs from Keras by more than one level anywhere.
    """
    folder.mkdir(parents=True, exist_ok=True)
    preprocessor.save(folder / "model.keras")
    tflite = export_tflite(preprocessor, folder / "tflite" / "fp32.tflite")
    found = tflite_parity(preprocessor, tflite.read_bytes(), pictures)
    if (found.max_levels or 0.0) > 1:
        raise ModelError(f"{tflite}: expected at most 1 level off Keras, found {found.max_levels}")
    card = new_card(preprocessor, name=folder.name, quality_range=quality_range)
    fp32 = ModelFile.of(tflite.read_bytes(), "tflite", "fp32")
    card = dataclasses.replace(
        card,
        version=version,
        training=training,
        objective=objective,
        files={
            "model.keras": ModelFile.of((folder / "model.keras").read_bytes(), "keras"),
            "tflite/fp32.tflite": dataclasses.replace(fp32, parity=found),
        },
    )
    write_card(folder, card)


def new_card(preprocessor: Preprocessor, *, name: str, quality_range: tuple[int, int]) -> ModelCard:
    """Returns model.json of a model about whose training nothing is known, without files."""
    return ModelCard(
        name=name,
        version="1",
        kind=PREPROCESSOR,
        license=LICENSE,
        signatures={
            signature: {"inputs": ["image", *names], "outputs": list(OUTPUTS[signature])}
            for signature, names in INPUTS.items()
        },
        inputs={name: _tensor(name) for name in ("image", *INPUTS[CARRIER])},
        outputs={name: _tensor(name) for names in OUTPUTS.values() for name in names},
        tile=Tile(alignment=_ALIGNMENT, overlap=tile_overlap(preprocessor)),
        quality_range=quality_range,
        parameters=int(preprocessor.count_params()),
        training=TrainingRecord(),
    )


def _tensor(name: str) -> dict[str, Json]:
    shape: list[Json]
    if name in ("image", "output"):
        shape = [1, "height", "width", 3]
        return {"shape": shape, "dtype": "float32 (int8 files: uint8)", "unit": DESCRIPTIONS[name]}
    if name in OUTPUTS[DECIDE]:
        size, depth = (8, 64) if name == "luma" else (16, 128)
        shape = [1, f"height / {size}", f"width / {size}", depth]
    else:
        shape = list(shape_of(name))
    return {"shape": shape, "dtype": "float32", "unit": DESCRIPTIONS[name]}


def read_card(file: Path) -> ModelCard:
    """Returns the content of a folder's model.json.

    Raises:
        ModelError: If it cannot be read, or is none.
    """
    try:
        return ModelCard.from_json(parse_json(file.read_text(encoding="utf-8")), str(file))
    except (OSError, ValueError, ModelError) as error:
        raise ModelError(f"{file}: expected the description of a model ({error})") from error


def write_card(folder: Path, card: ModelCard) -> None:
    """Writes model.json, and README.md from it."""
    write_card_and_readme(folder, card, _readme(card))


def write_card_and_readme(folder: Path, card: ModelCard, readme: str) -> None:
    """Writes model.json and README.md of a model of any kind; long lines of its prose are wrapped."""
    write_atomically(folder / "README.md", _wrap_lines(readme).encode())
    # Last: it vouches for the other files.
    write_atomically(folder / "model.json", (json.dumps(card.to_json(), indent=2) + "\n").encode())


def _wrap_lines(text: str) -> str:
    """Markdown without long lines of prose and commands; tables and headings cannot be broken."""
    lines = []
    for line in text.splitlines():
        if len(line) <= _LINE_WIDTH or line.startswith(("|", "#")):
            lines.append(line)
            continue
        is_command = line.startswith("    ")
        parts = textwrap.wrap(
            line,
            _LINE_WIDTH - (2 if is_command else 0),
            subsequent_indent="        " if is_command else "",
            # An option or a hash is not to be broken at its hyphens.
            break_long_words=False,
            break_on_hyphens=False,
        )
        lines += [f"{part} \\" for part in parts[:-1]] + parts[-1:] if is_command else parts
    return "\n".join(lines) + "\n"


def _time_words(files: Mapping[str, ModelFile]) -> str:
    """What the column of times is of; a time without its processor says nothing."""
    timed = [entry for entry in files.values() if entry.cpu_ms_per_megapixel is not None]
    if not timed:
        return ""
    processors = sorted({entry.processor or "a processor that was not recorded" for entry in timed})
    return (
        " Time: processor time of one thread, milliseconds a megapixel, conversion of levels included, on "
        f"{' and '.join(processors)}."
    )


def _file_rows(files: Mapping[str, ModelFile]) -> list[str]:
    rows = []
    for name, entry in files.items():
        found = entry.parity and entry.parity.difference
        difference = f"{found[0]:.2g} / {found[1]:g}" if found else "-"
        time = "-" if entry.cpu_ms_per_megapixel is None else entry.cpu_ms_per_megapixel
        size = "-" if entry.size_bytes is None else f"{entry.size_bytes:,}"
        rows.append(f"| `{name}` | {size} | {difference} | {time} | `{entry.sha256[:16]}...` |")
    return rows


def _readme(card: ModelCard) -> str:
    low, high = card.quality_range
    training = card.training or TrainingRecord()
    parameters = "" if card.parameters is None else f"; {card.parameters:,} parameters"
    lines = [
        f"# {card.name}, version {card.version}",
        "",
        f"Preprocessor for JPEG at 4:2:0, quality {low} to {high}{parameters}; "
        f"licence {card.license or 'not recorded'}. Described in full in `model.json`.",
        "",
        f"Against Keras: mean / largest difference in levels.{_time_words(card.files)}",
        "",
        "| file | bytes | against Keras | ms/MP | sha256 |",
        "| --- | ---: | ---: | ---: | --- |",
        *_file_rows(card.files),
        "",
        f"Trained on: {training.data}",
        "",
        *(f"    {command}" for command in training.commands),
    ]
    for title, measured in card.measured.items():
        lines += ["", f"## {title}", "", *_measured_lines(measured)]
    return "\n".join(lines) + "\n"


def _measured_lines(measured: Mapping[str, Json]) -> list[str]:
    """Returns the tables of BD-rates of one measurement, with the command that prints them."""
    tables = {key: value for key, value in measured.items() if isinstance(value, Mapping)}
    metrics = list(next(iter(tables.values()), {}))
    rows = [
        f"| {key.removeprefix('bd_rate_percent ')} | "
        + " | ".join(str(values.get(m, "-")) for m in metrics)
        + " |"
        for key, values in tables.items()
    ]
    return [
        f"{measured.get('pictures')} pictures against {measured.get('reference')}; BD-rate in percent, "
        "negative is smaller.",
        "",
        f"    {measured.get('command')}",
        "",
        "| range | " + " | ".join(metrics) + " |",
        "| --- |" + " ---: |" * len(metrics),
        *rows,
    ]
