"""`jpegpre models`: the shipped models, checked, what each is for and what it gains."""

import argparse
import json
from collections.abc import Mapping

from jpegpre_tf import runtime
from jpegpre_tf._json import Json
from jpegpre_tf.cli.common.arguments import shared_arguments
from jpegpre_tf.cli.common.output.table import print_paragraph, print_table
from jpegpre_tf.errors import ModelError

_HEADER = ("model", "version", "qualities", "precisions", "files")
# What a profile is for, where its model.json does not say it itself.
_PURPOSES = {
    "balanced": "the default: smaller by every measure, nothing lost on average",
    "fidelity": "least squared error: archives, machine reading, further editing; smooths fine texture",
    "perceptual": "best look at small sizes: web pages, thumbnails; changes pixels most",
}
_RANGE = "bd_rate_percent 0.2-1.5 bpp"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declares the verb's arguments."""
    parser.epilog = (
        "Every file is read and compared with the hash in the model's description. "
        "Use one with `jpegpre encode --profile NAME`."
    )
    parser.add_argument(
        "--details", action="store_true", help="files, networks for training, and all measurements"
    )
    shared_arguments.add_json_argument(parser, "one JSON object")


def run(arguments: argparse.Namespace) -> int:
    """Prints the models; returns 0, or 1 if a file of one is missing or is not the described one."""
    models = runtime.shipped_models()
    problems = {model.name: _find_problem(model) for model in models}
    if arguments.json:
        print(json.dumps({"models": [_to_json(model, problems[model.name]) for model in models]}))
    elif not models:
        print("no models are shipped with this package")
    else:
        profiles = [model for model in models if model.kind == "preprocessor"]
        _print_choice(profiles)
        shown = models if arguments.details else profiles
        print()
        print_table(_HEADER, [_row(model, problems[model.name]) for model in shown])
        if arguments.details:
            _print_details(models)
        else:
            networks = len(models) - len(profiles)
            print()
            print_paragraph(
                f"{networks} networks for training are listed by --details, with all measurements."
            )
        for name, problem in problems.items():
            if problem:
                print(f"\n{name}: {problem}")
    return 1 if any(problems.values()) else 0


def _print_choice(profiles: list[runtime.ModelFolder]) -> None:
    for model in profiles:
        purpose = model.card.purpose or _PURPOSES.get(model.name, "")
        print_paragraph(f"{model.name}: {purpose}" if purpose else model.name)
        rates = _headline(model)
        if rates:
            gains = ", ".join(f"{name} {value:+.1f} %" for name, value in rates.items())
            print_paragraph(f"file size at equal {gains}", indent=4)


def _headline(model: runtime.ModelFolder) -> dict[str, float]:
    """Returns the change of file size at equal PSNR-Y and SSIMULACRA2, of the first data set measured on."""
    first: Mapping[str, Json] = next(iter(model.card.measured.values()), {})
    rates = first.get(_RANGE)
    if not isinstance(rates, Mapping):
        return {}
    names = {"psnr_y": "PSNR", "ssimulacra2": "SSIMULACRA2"}
    found = ((name, rates.get(key)) for key, name in names.items())
    return {name: rate for name, rate in found if isinstance(rate, int | float)}


def _find_problem(model: runtime.ModelFolder) -> str | None:
    try:
        present = [name for name in model.files if model.find(name) is not None]
        for name in present:
            model.read(name)
        if model.kind == "preprocessor" and not any(model.files[name].format == "tflite" for name in present):
            model.read_model()
    except ModelError as error:
        return str(error)
    return None


def _row(model: runtime.ModelFolder, problem: str | None) -> tuple[str, ...]:
    low, high = model.quality_range
    here = sorted(name for name, file in model.precisions().items() if model.find(file) is not None)
    has_all = all(model.find(name) is not None for name in model.files)
    state = "damaged" if problem else "ok" if has_all else "ok, not all installed"
    return model.name, model.version, f"{low}-{high}", ", ".join(here) or "-", state


def _to_json(model: runtime.ModelFolder, problem: str | None) -> dict[str, Json]:
    kept = ("name", "version", "licence", "files", "quality_range", "measured")
    card = model.card.to_json()
    described = {key: card.get(key) for key in kept}
    installed = [name for name in model.files if model.find(name) is not None]
    state: dict[str, Json] = {
        "kind": model.kind,
        "path": str(model.path),
        "installed": installed,
        "problem": problem,
    }
    return described | state


def _print_details(models: list[runtime.ModelFolder]) -> None:
    for model in models:
        exported = _list_exported(model)
        if exported:
            print(f"\n{model.name}, files:")
            _print_lines(exported)
        if model.card.measured:
            print(f"\n{model.name}, measured:")
            _print_lines(_indent(model.card.measured, "  "))


def _print_lines(lines: list[str]) -> None:
    """Prints lines with their indent; a terminal would break the long ones inside of words and numbers."""
    for line in lines:
        text = line.lstrip(" ")
        print_paragraph(text, indent=len(line) - len(text))


def _list_exported(model: runtime.ModelFolder) -> list[str]:
    """Returns one line for each file that `export` compared with Keras."""
    lines = []
    for name, entry in model.files.items():
        if entry.parity is None or entry.parity.difference is None:
            continue
        parts = [] if entry.size_bytes is None else [f"{entry.size_bytes / 1000:.0f} kB"]
        if entry.cpu_ms_per_megapixel is not None:
            parts.append(f"{entry.cpu_ms_per_megapixel:g} ms/MP")
        mean, largest = entry.parity.difference
        parts.append(f"{mean:.2g} levels off Keras on average, {largest:g} at most")
        rates = entry.bd_rate_points_off_fp32.values()
        headline = next((rate for rate in rates if isinstance(rate, Mapping)), None)
        if headline:
            parts.append(
                "BD-rate off fp32: " + ", ".join(f"{key} {value:+.2f}" for key, value in headline.items())
            )
        lines.append(f"  {name}: " + "; ".join(parts))
    return lines


def _indent(measured: Mapping[str, Json], indent: str) -> list[str]:
    """Returns the measurements as lines: their keys differ from model to model, so none is expected here."""
    lines = []
    for key, value in measured.items():
        if isinstance(value, Mapping) and all(not isinstance(item, Mapping) for item in value.values()):
            lines.append(f"{indent}{key}: " + ", ".join(f"{name} {item}" for name, item in value.items()))
        elif isinstance(value, Mapping):
            lines += [f"{indent}{key}:", *_indent(value, indent + "  ")]
        else:
            lines.append(f"{indent}{key}: {value}")
    return lines
