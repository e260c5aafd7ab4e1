"""Puts a trained model into savedmodels/, or its measurements into its description.

    python tools/ship_model.py model runs/balanced --version 4 --folder savedmodels/balanced
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

    config = load_config(arguments.run / "config.json")
    objective = config.measures
    if arguments.blended:
        # What is between two models is, to first order, what minimises the objective between theirs.
        share = float(arguments.blended[1])
        other = json.loads(Path(arguments.blended[0], "model.json").read_text(encoding="utf-8"))["objective"]
        objective = {
            name: round((1 - share) * objective.get(name, 0.0) + share * other.get(name, 0.0), 4)
            for name in objective | other
        }
    pictures = [load_rgb(path)[:PARITY_SIZE, :PARITY_SIZE] for path in list_pictures(ROOT / "tests/pictures")]
    arguments.folder.mkdir(parents=True, exist_ok=True)
    number = 1 + len(list(arguments.folder.glob("config-[0-9]*.json")))
    training = {"data": arguments.data, "commands": _commands(arguments, number)}
    for name in ("config.json", "log.jsonl"):
        stem, suffix = name.split(".")
        (arguments.folder / f"{stem}-{number}.{suffix}").write_bytes((arguments.run / name).read_bytes())
    write_model_folder(
        keras.models.load_model(arguments.model or arguments.run / "model.keras"),
        arguments.folder,
        version=arguments.version,
        training=training,
        objective=objective,
        quality_range=(config.quality_low, config.quality_high),
        pictures=pictures,
    )


def _commands(arguments: argparse.Namespace, number: int) -> list[str]:
    """What made the model: the commands of the version that the run started from, and what this one adds."""
    commands: list[str] = []
    before = arguments.folder / "model.json"
    if before.exists():
        commands = json.loads(before.read_text(encoding="utf-8"))["training"]["commands"]
    config = json.loads((arguments.run / "config.json").read_text(encoding="utf-8"))
    epochs = len((arguments.run / "log.jsonl").read_text(encoding="utf-8").splitlines())
    taken = min(config["steps"], epochs * config["steps_per_epoch"])
    command = f"jpegpre train PICTURES --config config-{number}.json -o RUN{number}"
    if commands:
        mixed = commands[-1].endswith("-o model.keras")
        command += f" --from {'model.keras' if mixed else f'RUN{number - 1}/model.keras'}"
    if taken < config["steps"]:
        command += f"  # stopped after {taken} of {config['steps']} steps"
    commands.append(command)
    if arguments.blended:
        folder, share = arguments.blended
        last = f"RUN{number}/model.keras"
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
    model.add_argument("run", type=Path, help="started from the model that FOLDER holds, if it holds one")
    model.add_argument("--folder", type=Path, required=True)
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
