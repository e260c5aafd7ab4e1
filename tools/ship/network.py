"""Puts a trained neural simulator or rate estimator into savedmodels/, with its measurements.

python tools/bench/neural.py KODAK --models RUNS --json bench.json
python tools/ship/network.py runs/simulator-mozjpeg --kind simulator --encoder mozjpeg --bench bench.json
"""

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from jpegpre_tf.codecs import get_encoder
from jpegpre_tf.exporters.neural.card import write_network_folder
from jpegpre_tf.runtime.cards.training_record import TrainingRecord

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
from tools.bench.neural_tables import rate_summary, rows_of

ROOT = Path(__file__).resolve().parents[2]

DATA = "415 lossless photos, screenshots and drawings of free licences, 512 to 768 px; crops plain and edited"


def measured_simulator(bench: dict[str, Any], encoder: str) -> dict[str, Any]:
    rows = rows_of(bench["simulator"][encoder])
    qualities = sorted({row["quality"] for row in rows})

    def mean(key: str, quality: int | None = None) -> float:
        values = [row[key] for row in rows if quality in (None, row["quality"])]
        return sum(values) / len(values)

    bias = [mean("psnr_original", q) - mean("psnr_original_real", q) for q in qualities]
    measured = {"mean PSNR to the real decode, dB": round(mean("psnr"), 1)}
    if encoder != "libjpeg-turbo":
        measured["exact libjpeg-turbo at the same size, dB"] = round(mean("stand_in"), 1)
    measured["largest PSNR bias at any quality, dB"] = round(max(bias, key=abs), 3)
    measured["equal samples, %"] = round(100 * mean("equal"), 1)
    return measured


def measured_rate(bench: dict[str, Any], encoder: str) -> dict[str, Any]:
    summary = rate_summary(rows_of(bench["rate"][encoder]))
    measured = {
        "mean absolute error of bits per pixel, %": round(summary["mape"], 2),
        "least rank correlation inside one quality": round(summary["rank_correlation_least"], 4),
    }
    for edit in ("blur", "unsharp", "preprocessed"):
        measured[f"error of predicted change, {edit}, points"] = round(summary[edit]["error_mean"], 2)
    return measured


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("run", type=Path, help="folder of the run")
    parser.add_argument("--kind", choices=("simulator", "rate"), required=True)
    parser.add_argument("--encoder", required=True)
    parser.add_argument("--bench", type=Path, required=True, help="--json of tools/bench/neural.py")
    parser.add_argument("--version", default="1")
    parser.add_argument("--initial", help="what --from named, for the command that is written down")
    arguments = parser.parse_args(argv)
    from jpegpre_tf import NeuralRateEstimator, NeuralSimulator

    network = {"simulator": NeuralSimulator, "rate": NeuralRateEstimator}[arguments.kind]
    bench = json.loads(arguments.bench.read_text(encoding="utf-8"))
    config = json.loads((arguments.run / "config.json").read_text(encoding="utf-8"))
    folder = ROOT / "savedmodels" / f"{arguments.kind}-{arguments.encoder}"
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("config.json", "log.jsonl"):
        (folder / name).write_bytes((arguments.run / name).read_bytes())
    command = (
        f"jpegpre train-{arguments.kind} PICTURES --encoder {arguments.encoder} --config config.json -o RUN"
    )
    if arguments.kind == "rate":
        command += f" --simulator savedmodels/simulator-{arguments.encoder}/model.keras"
    if arguments.initial:
        command += f" --from {arguments.initial}"
    made = {"simulator": measured_simulator, "rate": measured_rate}[arguments.kind](bench, arguments.encoder)
    write_network_folder(
        network.from_preset(arguments.run),
        folder,
        version=arguments.version,
        encoder=get_encoder(arguments.encoder).identity(),
        training=TrainingRecord(DATA, (command,)),
        quality_range=(config["quality_low"], config["quality_high"]),
        measured={
            f"Kodak, {len(bench[arguments.kind][arguments.encoder])} pictures, 12 qualities": {
                "command": "make bench-neural DATA=KODAK",
                **made,
            }
        },
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
