"""A model's folder: the files, model.json that describes them, README.md for people."""

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from jpegpre_tf.errors import ModelError
from jpegpre_tf.exporters import parity
from jpegpre_tf.exporters.signatures import CARRIER, DECIDE, DESCRIPTIONS, INPUTS, OUTPUTS, shape_of
from jpegpre_tf.exporters.tflite import export_tflite
from jpegpre_tf.storage.atomic import write_atomically

LICENSE = "Apache-2.0"
_BLOCK = 8  # pixels
_ALIGNMENT = 16  # pixels: one chroma block at 4:2:0


def tile_overlap(preprocessor: Any) -> int:
    """Pixels of context that an output pixel depends on, rounded up to the alignment.

    Each spatial block's 3x3 convolution looks one 8x8 block further.
    """
    return -(-_BLOCK * preprocessor.spatial_blocks // _ALIGNMENT) * _ALIGNMENT


def tflite_parity(
    preprocessor: Any, content: bytes, pictures: list[npt.NDArray[np.uint8]]
) -> dict[str, float]:
    """Largest and mean difference in levels between Keras and the TFLite file over pictures and qualities.

    Args:
        pictures: uint8 (256, 256, 3) each.
    """
    session = parity.open_session({"all": content}, "tflite")
    return parity.difference(
        parity.file_results(session, pictures), parity.keras_results(preprocessor, pictures)
    )


def summary_of_results(results: dict[str, Any], name: str) -> dict[str, Any]:
    """BD-rates of a profile in an evaluation's results.json, in percent, for model.json.

    Args:
        results: What the file holds.
        name: Name of the profile, or of its folder.

    Raises:
        ModelError: If the profile was not measured.
    """
    keys = [candidate["key"] for candidate in results["candidates"]]
    found = [key for key in keys if key.startswith("profile:") and Path(key.partition(":")[2]).name == name]
    if len(found) != 1:
        raise ModelError(f"expected one measurement of the profile {name!r}, found {', '.join(keys)}")
    candidate = results["candidates"][keys.index(found[0])]
    bd_rates: dict[str, Any] = {}
    for metric, ranges in candidate["bd_rate"].items():
        for bounds, summary in ranges.items():
            if summary is not None:
                bd_rates.setdefault(f"bd_rate_percent {bounds} bpp", {})[metric] = round(summary["mean"], 2)
    return {"pictures": len(results["pictures"]), "reference": results["reference"]["label"], **bd_rates}


def write_model_folder(
    preprocessor: Any,
    folder: Path,
    *,
    version: str,
    training: dict[str, Any],
    objective: dict[str, float],
    quality_range: tuple[int, int],
    pictures: list[npt.NDArray[np.uint8]],
) -> None:
    """Writes model.keras, tflite/fp32.tflite and model.json (without measurements) into `folder`.

    Args:
        folder: Its name becomes the profile's name.
        version: Version of the model.
        training: "data" and "commands", as model.json carries them.
        objective: Weights of the measures whose BD-rate it was trained for; empty for another objective.
        quality_range: Qualities that the model was trained for.
        pictures: For the parity check, uint8 (256, 256, 3) each.

    Raises:
        ModelError: If the exported file differs from Keras by more than one level anywhere.
    """
    folder.mkdir(parents=True, exist_ok=True)
    preprocessor.save(folder / "model.keras")
    tflite = export_tflite(preprocessor, folder / "tflite" / "fp32.tflite")
    found = tflite_parity(preprocessor, tflite.read_bytes(), pictures)
    if found["max_levels"] > 1:
        raise ModelError(f"{tflite}: expected at most 1 level off Keras, found {found['max_levels']}")
    description = new_description(preprocessor, name=folder.name, quality_range=quality_range)
    description |= {"version": version, "training": training}
    if objective:
        description["objective"] = objective
    description["files"] = {
        "model.keras": entry_of((folder / "model.keras").read_bytes(), format="keras"),
        "tflite/fp32.tflite": entry_of(tflite.read_bytes(), format="tflite", precision="fp32", parity=found),
    }
    write_description(folder, description)


def new_description(preprocessor: Any, *, name: str, quality_range: tuple[int, int]) -> dict[str, Any]:
    """model.json of a model about whose training nothing is known, without files."""
    inputs = {name: _tensor(name) for name in ("image", *INPUTS[CARRIER])}
    return {
        "name": name,
        "version": "1",
        "licence": LICENSE,
        "files": {},
        "signatures": {
            signature: {"inputs": ["image", *names], "outputs": list(OUTPUTS[signature])}
            for signature, names in INPUTS.items()
        },
        "inputs": inputs,
        "outputs": {name: _tensor(name) for names in OUTPUTS.values() for name in names},
        "tile": {"alignment": _ALIGNMENT, "overlap": tile_overlap(preprocessor)},
        "quality_range": list(quality_range),
        "parameters": int(preprocessor.count_params()),
        "training": {"data": "not recorded", "commands": []},
    }


def _tensor(name: str) -> dict[str, Any]:
    if name in ("image", "output"):
        shape: list[Any] = [1, "height", "width", 3]
        return {"shape": shape, "dtype": "float32 (int8 files: uint8)", "unit": DESCRIPTIONS[name]}
    if name in OUTPUTS[DECIDE]:
        size, depth = (8, 64) if name == "luma" else (16, 128)
        shape = [1, f"height / {size}", f"width / {size}", depth]
    else:
        shape = list(shape_of(name))
    return {"shape": shape, "dtype": "float32", "unit": DESCRIPTIONS[name]}


def write_description(folder: Path, description: dict[str, Any]) -> None:
    """Writes model.json, and README.md from it."""
    write_atomically(folder / "README.md", _readme(description).encode())
    # Last: it vouches for the other files.
    write_atomically(folder / "model.json", (json.dumps(description, indent=2) + "\n").encode())


def entry_of(content: bytes, **fields: Any) -> dict[str, Any]:
    """A file's entry in model.json."""
    return {"sha256": hashlib.sha256(content).hexdigest(), "size_bytes": len(content), **fields}


def _time_words(files: dict[str, dict[str, Any]]) -> str:
    """What the column of times is of; a time without its processor says nothing."""
    timed = [entry for entry in files.values() if "cpu_ms_per_megapixel" in entry]
    if not timed:
        return ""
    processors = sorted({entry.get("processor", "a processor that was not recorded") for entry in timed})
    return (
        " Time: processor time of one thread, milliseconds a megapixel, conversion of levels included, on "
        f"{' and '.join(processors)}."
    )


def _file_rows(files: dict[str, dict[str, Any]]) -> list[str]:
    rows = []
    for name, entry in files.items():
        found = entry.get("parity", {})
        difference = f"{found['mean_levels']:.2g} / {found['max_levels']:g}" if found else "-"
        time = entry.get("cpu_ms_per_megapixel", "-")
        rows.append(
            f"| `{name}` | {entry['size_bytes']:,} | {difference} | {time} | `{entry['sha256'][:16]}...` |"
        )
    return rows


def _readme(description: dict[str, Any]) -> str:
    low, high = description["quality_range"]
    lines = [
        f"# {description['name']}, version {description['version']}",
        "",
        f"Preprocessor for JPEG at 4:2:0, quality {low} to {high}; {description['parameters']:,} parameters; "
        f"licence {description['licence']}. Described in full in `model.json`.",
        "",
        f"Against Keras: mean / largest difference in levels.{_time_words(description['files'])}",
        "",
        "| file | bytes | against Keras | ms/MP | sha256 |",
        "| --- | ---: | ---: | ---: | --- |",
        *_file_rows(description["files"]),
        "",
        f"Trained on: {description['training']['data']}",
        "",
        *(f"    {command}" for command in description["training"]["commands"]),
    ]
    for title, measured in description.get("measured", {}).items():
        tables = {key: value for key, value in measured.items() if isinstance(value, dict)}
        metrics = list(next(iter(tables.values())))
        lines += [
            "",
            f"## {title}",
            "",
            f"{measured['pictures']} pictures against {measured['reference']}; BD-rate in percent, "
            "negative is smaller.",
            "",
            f"    {measured['command']}",
            "",
            "| range | " + " | ".join(metrics) + " |",
            "| --- |" + " ---: |" * len(metrics),
        ]
        for key, values in tables.items():
            label = key.removeprefix("bd_rate_percent ")
            lines.append(f"| {label} | " + " | ".join(str(values.get(m, "-")) for m in metrics) + " |")
    return "\n".join(lines) + "\n"
