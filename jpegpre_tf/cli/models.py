"""`jpegpre models`: the shipped models, checked, with their measured gains."""

import argparse
import json
from typing import Any

from jpegpre_tf import runtime
from jpegpre_tf.cli.common import shared_arguments
from jpegpre_tf.cli.common.table import print_table
from jpegpre_tf.errors import ModelError

_HEADER = ("model", "kind", "version", "precisions", "qualities", "files")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declares the verb's arguments."""
    parser.epilog = "Every file is read and compared with the hash in the model's description."
    shared_arguments.add_json_argument(parser, "one JSON object")


def run(arguments: argparse.Namespace) -> int:
    """Prints the models; returns 0, or 1 if a file of one is missing or is not the described one."""
    models = runtime.shipped_models()
    problems = {model.name: _problem(model) for model in models}
    if arguments.json:
        print(json.dumps({"models": [_described(model, problems[model.name]) for model in models]}))
    elif not models:
        print("no models are shipped with this package")
    else:
        print_table(_HEADER, [_row(model, problems[model.name]) for model in models])
        for model in models:
            if problems[model.name]:
                print(f"\n{model.name}: {problems[model.name]}")
            exported = _exported(model)
            if exported:
                print(f"\n{model.name}, files:")
                print("\n".join(exported))
            measured = model.description.get("measured")
            if measured:
                print(f"\n{model.name}, measured:")
                print("\n".join(_indented(measured, "  ")))
    return 1 if any(problems.values()) else 0


def _problem(model: runtime.ModelFolder) -> str | None:
    try:
        for name in model.files:
            model.read(name)
    except ModelError as error:
        return str(error)
    return None


def _row(model: runtime.ModelFolder, problem: str | None) -> tuple[str, ...]:
    low, high = model.quality_range
    precisions = ", ".join(sorted(model.precisions())) or "-"
    return model.name, model.kind, model.version, precisions, f"{low}-{high}", "damaged" if problem else "ok"


def _described(model: runtime.ModelFolder, problem: str | None) -> dict[str, Any]:
    kept = ("name", "version", "licence", "files", "quality_range", "measured")
    described = {key: model.description.get(key) for key in kept}
    return described | {"kind": model.kind, "path": str(model.path), "problem": problem}


def _exported(model: runtime.ModelFolder) -> list[str]:
    """Returns one line for each file that `export` compared with Keras."""
    lines = []
    for name, entry in model.files.items():
        parity = entry.get("parity")
        if not isinstance(parity, dict) or "mean_levels" not in parity:
            continue
        parts = [f"{entry['size_bytes'] / 1000:.0f} kB"]
        if "cpu_ms_per_megapixel" in entry:
            parts.append(f"{entry['cpu_ms_per_megapixel']:g} ms/MP")
        parts.append(
            f"{parity['mean_levels']:.2g} levels off Keras on average, {parity['max_levels']:g} at most"
        )
        headline = next(
            (rates for rates in entry.get("bd_rate_points_off_fp32", {}).values() if isinstance(rates, dict)),
            None,
        )
        if headline:
            parts.append(
                "BD-rate off fp32: " + ", ".join(f"{key} {value:+.2f}" for key, value in headline.items())
            )
        lines.append(f"  {name}: " + "; ".join(parts))
    return lines


def _indented(measured: dict[str, Any], indent: str) -> list[str]:
    """Returns the measurements as lines: their keys differ from model to model, so none is expected here."""
    lines = []
    for key, value in measured.items():
        if isinstance(value, dict) and all(not isinstance(item, dict) for item in value.values()):
            lines.append(f"{indent}{key}: " + ", ".join(f"{name} {item}" for name, item in value.items()))
        elif isinstance(value, dict):
            lines += [f"{indent}{key}:", *_indented(value, indent + "  ")]
        else:
            lines.append(f"{indent}{key}: {value}")
    return lines
