"""Puts a trained model into savedmodels/, or its measurements into its description.

    python tools/ship/model.py model runs/balanced --stage longer --version 5 --folder savedmodels/balanced
    jpegpre evaluate KODAK --profile savedmodels/balanced -o runs/kodak
    python tools/ship/model.py measured runs/kodak/results.json savedmodels/balanced --title "Kodak" \
        --command "jpegpre evaluate KODAK --profile balanced -o REPORT"
"""

import argparse
import dataclasses
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jpegpre_tf.evaluation.results import read_results
from jpegpre_tf.exporters.model_card import summary_of_results, write_card, write_model_folder
from jpegpre_tf.runtime import find_model
from jpegpre_tf.runtime.cards.training_record import TrainingRecord

if TYPE_CHECKING:
    from jpegpre_tf.training.config import TrainConfig

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
from tools.plot import training

ROOT = Path(__file__).resolve().parents[2]
PARITY_SIZE = 256


def ship(arguments: argparse.Namespace) -> None:
    from jpegpre_tf import Preprocessor
    from jpegpre_tf.training.checkpoint import RECIPE
    from jpegpre_tf.training.config import load_config
    from jpegpre_tf.training.data.crops import list_pictures, load_rgb

    config = load_config(arguments.run / "config.json")
    objective = config.objective.metrics
    if arguments.blended:
        # What is between two models is, to first order, what minimises the objective between theirs.
        share = float(arguments.blended[1])
        other = find_model(arguments.blended[0]).card.objective
        objective = {
            name: round((1 - share) * objective.get(name, 0.0) + share * other.get(name, 0.0), 4)
            for name in {**objective, **other}
        }
    pictures = [load_rgb(path)[:PARITY_SIZE, :PARITY_SIZE] for path in list_pictures(ROOT / "tests/pictures")]
    arguments.folder.mkdir(parents=True, exist_ok=True)
    stages = _stages(arguments, config)
    (arguments.folder / RECIPE).write_text(json.dumps({"stages": stages}, indent=2) + "\n", encoding="utf-8")
    log = training.log_of(arguments.folder, arguments.stage)
    log.write_bytes((arguments.run / "log.jsonl").read_bytes())
    training.plot(arguments.folder)
    write_model_folder(
        Preprocessor.from_preset(arguments.model or arguments.run),
        arguments.folder,
        version=arguments.version,
        training=TrainingRecord(
            arguments.data, (f"jpegpre train PICTURES --recipe {arguments.folder.name} -o RUN",)
        ),
        objective=objective,
        quality_range=(config.data.quality_low, config.data.quality_high),
        pictures=pictures,
    )


def _stages(arguments: argparse.Namespace, config: "TrainConfig") -> list[dict[str, Any]]:
    """The recipe of the version that the run started from, and what this one adds."""
    from jpegpre_tf.training.config import changed_fields

    stages = _recipe_in(arguments.folder)
    stage: dict[str, Any] = {"name": arguments.stage, "config": changed_fields(config)}
    if stages:
        stage["from"] = stages[-1]["name"]
    epochs = len((arguments.run / "log.jsonl").read_text(encoding="utf-8").splitlines())
    if epochs * config.run.steps_per_epoch < config.run.steps:
        stage["last_step"] = epochs * config.run.steps_per_epoch
    stages.append(stage)
    if arguments.blended:
        folder, share = Path(arguments.blended[0]), float(arguments.blended[1])
        other = _add_recipe(stages, folder, arguments.folder)
        blend = {
            "name": f"{arguments.stage}-blended",
            "from": arguments.stage,
            "blend": other,
            "share": share,
        }
        stages.append(blend)
    return stages


def _recipe_in(folder: Path) -> list[dict[str, Any]]:
    from jpegpre_tf.training.checkpoint import RECIPE

    path = folder / RECIPE
    stages: list[dict[str, Any]] = []
    if path.exists():
        stages = json.loads(path.read_text(encoding="utf-8"))["stages"]
    return stages


def _add_recipe(stages: list[dict[str, Any]], folder: Path, target: Path) -> str:
    """Adds another model's stages and logs, but for those that are there already; returns the name of its last."""

    def nameless(stage: dict[str, Any]) -> dict[str, Any]:
        return {field: value for field, value in stage.items() if field != "name"}

    names: dict[str, str] = {}
    for theirs in _recipe_in(folder):
        stage = {
            field: names[value] if field in ("from", "blend") else value for field, value in theirs.items()
        }
        same = next((ours for ours in stages if nameless(ours) == nameless(stage)), None)
        if same is None:
            same = {**stage, "name": f"{folder.name}-{theirs['name']}"}
            stages.append(same)
            if "config" in theirs:
                log = training.log_of(folder, theirs["name"])
                training.log_of(target, same["name"]).write_bytes(log.read_bytes())
        names[theirs["name"]] = same["name"]
    return names[theirs["name"]]


def record(arguments: argparse.Namespace) -> None:
    card = find_model(arguments.folder).card
    results = read_results(arguments.results)
    measured = {"command": arguments.command, **summary_of_results(results, arguments.folder.name)}
    card = dataclasses.replace(card, measured={**card.measured, arguments.title: measured})
    write_card(arguments.folder, card)


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    actions = parser.add_subparsers(required=True)
    model = actions.add_parser("model")
    model.add_argument("run", type=Path, help="started from the model that FOLDER holds, if it holds one")
    model.add_argument("--folder", type=Path, required=True)
    model.add_argument("--stage", required=True, help="what the run is called in recipe.json")
    model.add_argument("--model", type=Path, help="if it is not the run's: what --blended gave")
    model.add_argument(
        "--blended",
        nargs=2,
        metavar=("FOLDER", "SHARE"),
        help="a shipped model that was averaged into the run's; needs --model",
    )
    model.add_argument("--version", required=True)
    model.add_argument(
        "--data", default="415 lossless photos, screenshots and drawings of free licences, 512 to 768 px"
    )
    model.set_defaults(action=ship)
    measured = actions.add_parser("measured")
    measured.add_argument("results", type=Path)
    measured.add_argument("folder", type=Path)
    measured.add_argument("--title", required=True)
    measured.add_argument("--command", required=True)
    measured.set_defaults(action=record)
    arguments = parser.parse_args(argv)
    arguments.action(arguments)
    return 0


if __name__ == "__main__":
    sys.exit(main())
