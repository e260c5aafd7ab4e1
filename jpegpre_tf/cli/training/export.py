"""`jpegpre export`: a trained model as TFLite and ONNX, checked against Keras."""

import argparse
import dataclasses
import json
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from jpegpre_tf._json import Json
from jpegpre_tf._optional import require
from jpegpre_tf.cli.common.arguments import shared_arguments
from jpegpre_tf.cli.common.output.messages import print_line, print_note
from jpegpre_tf.cli.common.output.table import print_table
from jpegpre_tf.cli.common.process.interrupt import tell_of_output
from jpegpre_tf.cli.common.process.quiet import keep_own_lines, quiet_tensorflow, without_greeting
from jpegpre_tf.cli.training.export_network import export_network, network_file
from jpegpre_tf.errors import UsageError

if TYPE_CHECKING:
    from jpegpre_tf.runtime.cards.model_card import ModelCard
    from jpegpre_tf.training.config import TrainConfig

_FORMATS = ("tflite", "onnx")
_PRECISIONS = ("fp32", "fp16", "int8")
# Of so many pictures one is compared on, where no others are given for that.
_HELD_OUT = 4


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declares the verb's arguments."""
    parser.epilog = (
        "DIR becomes a model folder that `--profile DIR` takes; a model.json there keeps what it says about training. "
        "Nothing is written unless every file agrees with Keras."
    )
    parser.add_argument(
        "model",
        metavar="MODEL",
        type=Path,
        help="a .keras file; of a simulator or rate estimator also the name or folder",
    )
    parser.add_argument("-o", "--output", metavar="DIR", type=Path, required=True, help="model folder")
    parser.add_argument(
        "--pictures",
        metavar="DIR",
        type=Path,
        help="pictures to calibrate int8 with; lossless photos as for training (default: some made by code)",
    )
    parser.add_argument(
        "--validation",
        metavar="DIR",
        type=Path,
        help="pictures to compare on (default: every fourth of --pictures, which then calibrate nothing)",
    )
    parser.add_argument("--to", type=_names(_FORMATS), default=_FORMATS, help="default: tflite,onnx")
    parser.add_argument(
        "--precision",
        type=_names(_PRECISIONS),
        help="default: fp32,fp16,int8; simulators and rate estimators: fp32 alone",
    )
    parser.add_argument(
        "--size",
        type=_size,
        default=(256, 256),
        metavar="HxW",
        help="pixels of the pictures that TFLite files of a simulator or rate estimator take (default: 256x256)",
    )
    parser.add_argument(
        "--qat-steps",
        type=shared_arguments.positive_int,
        default=0,
        metavar="N",
        help="train N steps with fake quantisation before int8 (default: quantise after training only)",
    )
    parser.add_argument(
        "--config",
        metavar="JSON",
        type=Path,
        help="of the training run, for --qat-steps (default: beside the model)",
    )
    parser.add_argument(
        "--bd-rate",
        type=shared_arguments.positive_int,
        default=0,
        metavar="N",
        help="measure what int8 costs in BD-rate on the first N pictures of --validation (extra: evaluate)",
    )
    shared_arguments.add_json_argument(parser, "model.json")


def tell_when_interrupted(arguments: argparse.Namespace) -> Callable[[], str]:
    """What is there after Ctrl-C."""
    return tell_of_output(arguments.output / "model.json")


def run(arguments: argparse.Namespace) -> int:
    """Exports; returns 0."""
    for folder in (arguments.pictures, arguments.validation):
        if folder is not None and not folder.is_dir():  # said before TensorFlow's seconds of import
            raise UsageError(f"{folder}: expected a folder of pictures, found none")
    network = network_file(arguments.model)
    if network is None and not arguments.model.is_file():
        raise UsageError(f"{arguments.model}: expected a .keras file, found none")
    quiet_tensorflow()
    require("tensorflow", extra="train", purpose="export")
    if network is not None:
        return export_network(arguments, network)
    arguments.precision = arguments.precision or _PRECISIONS
    if "int8" in arguments.precision:
        require("tensorflow_model_optimization", extra="export", purpose="int8 export")
    if "onnx" in arguments.to:
        require("tf2onnx", extra="export", purpose="ONNX export")
    from jpegpre_tf.exporters.export import ExportRequest, export
    from jpegpre_tf.training.config import load_config
    from jpegpre_tf.training.data.crops import list_pictures
    from jpegpre_tf.training.data.synthetic import write_made_pictures

    config = load_config(arguments.config) if arguments.config else _config_beside(arguments.model)
    if arguments.pictures is None:
        if arguments.qat_steps:
            raise UsageError("--qat-steps trains on photos: give --pictures")
        if arguments.bd_rate and arguments.validation is None:
            raise UsageError("--bd-rate measures on photos: give --validation")
        print_note(
            "no --pictures: calibrating and comparing with pictures made by code; your own photos are better",
            "export",
        )
    if arguments.qat_steps and config is None:
        raise UsageError(
            f"--qat-steps needs the run's configuration: none beside {arguments.model}, give --config"
        )
    with tempfile.TemporaryDirectory() as made:
        pictures = (
            tuple(list_pictures(arguments.pictures))
            if arguments.pictures
            else write_made_pictures(Path(made))
        )
        held_out = pictures[::_HELD_OUT]
        if arguments.validation:
            held_out = tuple(list_pictures(arguments.validation))
        used = {path.resolve() for path in held_out}
        pictures = tuple(path for path in pictures if path.resolve() not in used)
        if not pictures and "int8" in arguments.precision:
            raise UsageError(
                "--pictures: expected some besides those that files are compared on, found none: int8 is compared on "
                "others than it was calibrated with"
            )
        request = ExportRequest(
            model=arguments.model,
            folder=arguments.output,
            pictures=pictures,
            validation=held_out,
            formats=arguments.to,
            precisions=arguments.precision,
            config=config,
            qat_steps=arguments.qat_steps,
        )
        # LiteRT greets when the first file is tried.
        with keep_own_lines(), without_greeting():
            card = export(request, report=print_line)
    if arguments.bd_rate:
        card = _record_bd_rate(arguments, card)
    if arguments.json:
        print(json.dumps(card.to_json()))
    else:
        print_table(("file", "kB", "mean / largest difference", "ms/MP"), _rows(card))
    return 0


def _names(known: tuple[str, ...]) -> Callable[[str], tuple[str, ...]]:
    def parse(text: str) -> tuple[str, ...]:
        names = tuple(dict.fromkeys(text.split(",")))
        if not set(names) <= set(known):
            raise argparse.ArgumentTypeError(f"expected some of {','.join(known)}, received {text!r}")
        return names

    return parse


def _size(text: str) -> tuple[int, int]:
    height, _, width = text.partition("x")
    if not (height.isdecimal() and width.isdecimal()):
        raise argparse.ArgumentTypeError(f"expected height x width such as 256x256, received {text!r}")
    return int(height), int(width)


def _config_beside(model: Path) -> "TrainConfig | None":
    """Of the run that the model is in the folder of, or of the last run of its recipe."""
    from jpegpre_tf.training.checkpoint import RECIPE
    from jpegpre_tf.training.config import load_config
    from jpegpre_tf.training.recipe import last_config

    if (model.parent / "config.json").is_file():
        return load_config(model.parent / "config.json")
    return last_config(model.parent / RECIPE) if (model.parent / RECIPE).is_file() else None


def _rows(card: "ModelCard") -> list[tuple[str, ...]]:
    rows: list[tuple[str, ...]] = []
    for name, entry in card.files.items():
        found = entry.parity and entry.parity.difference
        difference = f"{found[0]:.2g} / {found[1]:g}" if found else ""
        time = "" if entry.cpu_ms_per_megapixel is None else str(entry.cpu_ms_per_megapixel)
        size = "" if entry.size_bytes is None else f"{entry.size_bytes / 1000:.0f}"
        rows.append((name, size, difference, time))
    return rows


def _record_bd_rate(arguments: argparse.Namespace, card: "ModelCard") -> "ModelCard":
    """Adds to every TFLite file but fp32 how many points of BD-rate it is off fp32."""
    from jpegpre_tf.evaluation.candidates import make_profile_candidate
    from jpegpre_tf.evaluation.evaluate import EvaluationConfig, evaluate
    from jpegpre_tf.exporters.model_card import write_card

    precisions = [name for name in _PRECISIONS if f"tflite/{name}.tflite" in card.files]
    if "fp32" not in precisions or len(precisions) < 2:
        raise UsageError(
            "--bd-rate compares with fp32: expected --to tflite and --precision fp32 with another"
        )
    results = evaluate(
        EvaluationConfig(
            inputs=(arguments.validation or arguments.pictures,),
            candidates=tuple(
                make_profile_candidate(str(arguments.output), "libjpeg-turbo", 1.0, name)
                for name in precisions
            ),
            limit=arguments.bd_rate,
        )
    )
    rates = {
        name: {
            (metric, limits): summary.mean
            for metric, ranges in candidate.bd_rate.items()
            for limits, summary in ranges.items()
            if summary is not None
        }
        for name, candidate in zip(precisions, results.candidates, strict=True)
    }
    files = dict(card.files)
    for name in precisions[1:]:
        off: dict[str, dict[str, float]] = {}
        for (metric, limits), rate in rates[name].items():
            off.setdefault(f"{limits} bpp", {})[metric] = round(rate - rates["fp32"][metric, limits], 3)
        file = f"tflite/{name}.tflite"
        points: dict[str, Json] = {"pictures": len(results.pictures), **off}
        files[file] = dataclasses.replace(files[file], bd_rate_points_off_fp32=points)
    card = dataclasses.replace(card, files=files)
    write_card(arguments.output, card)
    return card
