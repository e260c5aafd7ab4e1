"""Does it pay to train through networks that learned an encoder? Two runs of equal length, then that encoder's files.

From a shipped model, with its own objective: one run through the encoder's networks, pixels edited for the encoder's
own tables; one through the exact layers, which decide for the same tables. Both, and the shipped model as it is, are
measured before the real encoder, against that encoder alone. The same command goes on with what was stopped.

    python tools/bench/through_encoder.py PICTURES VALIDATION -o RUNS --encoder mozjpeg --steps 400
"""

import argparse
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import keras

from jpegpre_tf import runtime
from jpegpre_tf.models.preprocessor import Preprocessor

MODEL_FIELDS = ("channels", "spatial_blocks", "mixing_blocks", "chroma_mixing_blocks", "zero_span")
WAYS = ("networks", "exact")


def config_of(way: str, arguments: argparse.Namespace, model: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The configuration of `jpegpre train` for one of `WAYS`; they differ in `data` alone."""
    data: dict[str, Any] = {
        "batch_size": arguments.batch_size,
        "crop_size": arguments.crop_size,
        "tuned_share": 0.0,
    }
    if way == "networks":
        data |= {"simulator": arguments.encoder, "rate": arguments.encoder}
    else:
        data["foreign_tables"] = arguments.encoder
    objective = runtime.find_model(arguments.profile).card.objective
    metrics = {name: weight for name, weight in objective.items() if weight}
    return {
        "model": model,
        "objective": {"metrics": metrics},
        "data": data,
        "optimizer": {"learning_rate": arguments.learning_rate},
        "run": {
            "steps": arguments.steps,
            "steps_per_epoch": min(arguments.steps, 50),
            "jit_compile": arguments.steps >= 100,
        },
    }


def run(*words: object) -> None:
    """Runs a verb of the command line, and says so."""
    command = ["jpegpre", *map(str, words)]
    print(" ".join(command), file=sys.stderr, flush=True)
    subprocess.run([sys.executable, "-m", "jpegpre_tf", *command[1:]], check=True)


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("pictures", type=Path, help="folder to train on")
    parser.add_argument("validation", type=Path, help="folder to measure on")
    parser.add_argument("-o", "--output", type=Path, required=True)
    parser.add_argument("--encoder", choices=("mozjpeg", "jpegli"), default="mozjpeg")
    parser.add_argument("--profile", default="balanced", help="shipped model to start from")
    parser.add_argument("--steps", type=int, default=400)
    parser.add_argument("--batch-size", type=int, default=8)
    parser.add_argument("--crop-size", type=int, default=192)
    parser.add_argument("--learning-rate", type=float, default=2e-4)
    parser.add_argument("--limit", type=int, default=12, help="validation pictures")
    arguments = parser.parse_args(argv)
    initial = runtime.find_model(arguments.profile).path / "model.keras"
    network: Any = keras.models.load_model(initial)
    if not isinstance(network, Preprocessor):
        parser.error(f"{initial}: expected a preprocessor")
    model = {name: getattr(network, name) for name in MODEL_FIELDS}
    profiles: list[object] = ["--profile", arguments.profile]
    for way in WAYS:
        folder, exported = arguments.output / way, arguments.output / f"{arguments.encoder}-{way}"
        configuration = arguments.output / f"{way}.json"
        arguments.output.mkdir(parents=True, exist_ok=True)
        configuration.write_text(
            json.dumps(config_of(way, arguments, model), indent=2) + "\n", encoding="utf-8"
        )
        resume = ["--resume"] if (folder / "checkpoint").is_dir() else []
        start = ["--from", initial, "--config", configuration, *resume]
        run("train", arguments.pictures, "-o", folder, *start)
        formats = ["--to", "tflite", "--precision", "fp32"]
        run("export", folder / "model.keras", "-o", exported, "--pictures", arguments.pictures, *formats)
        profiles += ["--profile", exported]
    measured = [
        "--encoder",
        arguments.encoder,
        "--precision",
        "fp32",
        "--controls",
        "none",
        "--limit",
        arguments.limit,
    ]
    run("evaluate", arguments.validation, *profiles, *measured, "-o", arguments.output / "report")
    return 0


if __name__ == "__main__":
    sys.exit(main())
