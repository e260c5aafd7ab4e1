"""Puts a trained model into savedmodels/, or its measurements into its description.

    python tools/ship_model.py model --version 1 --folder savedmodels/balanced runs/balanced
    jpegpre evaluate KODAK --profile savedmodels/balanced -o runs/kodak
    python tools/ship_model.py measured runs/kodak/results.json savedmodels/balanced --title "Kodak" \
        --command "jpegpre evaluate KODAK --profile balanced -o REPORT"
"""

import argparse
import json
import sys
from pathlib import Path

from jpegpre_tf.exporters.model_card import summary_of_results, write_description, write_model_folder

ROOT = Path(__file__).resolve().parent.parent
PARITY_SIZE = 256


def ship(arguments: argparse.Namespace) -> None:
    import keras

    import jpegpre_tf.models  # noqa: F401  (registers the classes that the file names)
    from jpegpre_tf.training.config import load_config
    from jpegpre_tf.training.data import list_pictures, load_rgb

    last = load_config(arguments.runs[-1] / "config.json")
    objective = last.measures
    if arguments.mixed and len(arguments.runs) == 2:
        # What is between two models is, to first order, what minimises the objective between theirs.
        share, side = float(arguments.mixed[1]), load_config(Path(arguments.mixed[0], "config.json")).measures
        objective = {
            name: round((1 - share) * last.measures.get(name, 0.0) + share * side.get(name, 0.0), 4)
            for name in last.measures | side
        }
    if arguments.blended:
        share = float(arguments.blended[1])
        other = json.loads(Path(arguments.blended[0], "model.json").read_text(encoding="utf-8"))["objective"]
        objective = {
            name: round((1 - share) * objective.get(name, 0.0) + share * other.get(name, 0.0), 4)
            for name in objective | other
        }
    pictures = [load_rgb(path)[:PARITY_SIZE, :PARITY_SIZE] for path in list_pictures(ROOT / "tests/pictures")]
    arguments.folder.mkdir(parents=True, exist_ok=True)
    for number, run in enumerate(arguments.runs, start=1):
        for name in ("config.json", "log.jsonl"):
            stem, suffix = name.split(".")
            (arguments.folder / f"{stem}-{number}.{suffix}").write_bytes((run / name).read_bytes())
    if arguments.mixed:
        for name in ("config.json", "log.jsonl"):
            stem, suffix = name.split(".")
            kept = Path(arguments.mixed[0], name).read_bytes()
            (arguments.folder / f"{stem}-side.{suffix}").write_bytes(kept)
    write_model_folder(
        keras.models.load_model(arguments.model or arguments.runs[-1] / "model.keras"),
        arguments.folder,
        version=arguments.version,
        training={"data": arguments.data, "commands": _commands(arguments)},
        objective=objective,
        quality_range=(last.quality_low, last.quality_high),
        pictures=pictures,
    )


def _commands(arguments: argparse.Namespace) -> list[str]:
    """The commands of the runs, each from the model of the one before; with the steps that were really taken.

    `--mixed`: `tools/mix_models.py` averages a side run from the first model into the second run's, and the
    third starts there.
    """
    commands = []
    for number, run in enumerate(arguments.runs, start=1):
        config = json.loads((run / "config.json").read_text(encoding="utf-8"))
        epochs = len((run / "log.jsonl").read_text(encoding="utf-8").splitlines())
        taken = min(config["steps"], epochs * config["steps_per_epoch"])
        command = f"jpegpre train PICTURES --config config-{number}.json -o RUN{number}"
        if arguments.mixed and number == 3:
            command += " --from mixed.keras"
        elif number > 1:
            command += f" --from RUN{number - 1}/model.keras"
        if taken < config["steps"]:
            command += f"  # stopped after {taken} of {config['steps']} steps"
        commands.append(command)
    if arguments.mixed:
        side = "jpegpre train PICTURES --config config-side.json -o SIDE --from RUN1/model.keras"
        share = f"--share {arguments.mixed[1]}"
        mix = f"python tools/mix_models.py RUN2/model.keras SIDE/model.keras {share} -o mixed.keras"
        commands[2:2] = [side, mix]
    if arguments.blended:
        last = f"RUN{len(arguments.runs)}/model.keras"
        folder, share = arguments.blended
        commands.append(
            f"python tools/mix_models.py {last} {folder}/model.keras --share {share} -o model.keras"
        )
    return commands


def record(arguments: argparse.Namespace) -> None:
    description = json.loads((arguments.folder / "model.json").read_text(encoding="utf-8"))
    results = json.loads(arguments.results.read_text(encoding="utf-8"))
    measured = {"command": arguments.command, **summary_of_results(results)}
    description.setdefault("measured", {})[arguments.title] = measured
    write_description(arguments.folder, description)


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    actions = parser.add_subparsers(required=True)
    model = actions.add_parser("model")
    model.add_argument("runs", type=Path, nargs="+", help="runs in order, each started from the one before")
    model.add_argument("--folder", type=Path, required=True)
    model.add_argument("--model", type=Path, help="if it is not the last run's: what --mixed gave")
    model.add_argument(
        "--mixed",
        nargs=2,
        metavar=("RUN", "SHARE"),
        help="a further run from the first one's model, averaged into the second's; a third run starts there",
    )
    model.add_argument(
        "--blended",
        nargs=2,
        metavar=("FOLDER", "SHARE"),
        help="a shipped model that was averaged into the last run's, whose runs began like these; needs --model",
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
