"""Summaries and Markdown tables of what tools/bench/neural.py measures."""

from collections.abc import Callable
from typing import Any

import numpy as np

QUALITIES = (8, 12, 16, 22, 30, 40, 50, 60, 70, 78, 84, 90)
# One per picture, quality and, for rates, edit: what tools/bench/neural.py says it measured.
Rows = list[dict[str, Any]]


def rows_of(known: dict[str, Rows]) -> Rows:
    """Rows with the name of their picture, from picture -> rows."""
    return [{"picture": picture, **row} for picture, rows in known.items() for row in rows]


def mean_over(rows: Rows, key: Callable[[dict[str, Any]], float]) -> list[float]:
    """Mean of `key` per quality."""
    return [float(np.mean([key(row) for row in rows if row["quality"] == q])) for q in QUALITIES]


def print_simulator(results: dict[str, Rows]) -> None:
    print("\nPSNR of the simulated to the real decode, dB, mean over pictures (99: every sample equal)\n")
    print("| encoder | simulator | " + " | ".join(f"q{q}" for q in QUALITIES) + " | mean |")
    print("| --- | --- |" + " ---: |" * (len(QUALITIES) + 1))
    for name, rows in results.items():
        for label, key in (("network", "psnr"), ("stand-in", "stand_in")):
            if name == "libjpeg-turbo" and key == "stand_in":
                continue
            values = mean_over(rows, lambda row, key=key: row[key])
            cells = " | ".join(f"{value:.1f}" for value in [*values, np.mean(values)])
            print(f"| {name} | {label} | {cells} |")
    print("\nPSNR bias: simulated less real PSNR to the original, in 0.01 dB, mean over pictures\n")
    print("| encoder | " + " | ".join(f"q{q}" for q in QUALITIES) + " | largest |")
    print("| --- |" + " ---: |" * (len(QUALITIES) + 1))
    for name, rows in results.items():
        bias = mean_over(rows, lambda row: row["psnr_original"] - row["psnr_original_real"])
        largest = max(abs(value) for value in bias)
        print(
            f"| {name} | " + " | ".join(f"{100 * value:+.1f}" for value in bias) + f" | {100 * largest:.1f} |"
        )
    print("\n| encoder | equal samples % | worst picture, dB |\n| --- | ---: | ---: |")
    for name, rows in results.items():
        equal, worst = np.mean([row["equal"] for row in rows]), min(row["psnr"] for row in rows)
        print(f"| {name} | {100 * equal:.1f} | {worst:.1f} |")


def rate_summary(rows: Rows) -> dict[str, Any]:
    """MAPE of plain pictures, least rank correlation inside a quality, error of predicted changes in points."""
    plain = {(r["picture"], r["quality"]): r for r in rows if r["edit"] == "plain"}
    summary: dict[str, Any] = {
        "mape": float(np.mean([100 * abs(r["predicted"] / r["real"] - 1) for r in plain.values()])),
        "mape_by_quality": {
            q: float(
                np.mean(
                    [100 * abs(r["predicted"] / r["real"] - 1) for r in plain.values() if r["quality"] == q]
                )
            )
            for q in QUALITIES
        },
    }
    correlations = []
    for quality in QUALITIES:
        at = [r for r in plain.values() if r["quality"] == quality]
        ranks = [np.argsort(np.argsort([r[key] for r in at])) for key in ("real", "predicted")]
        correlations.append(float(np.corrcoef(*ranks)[0, 1]))
    summary["rank_correlation_least"] = min(correlations)
    summary["rank_correlation_mean"] = float(np.mean(correlations))
    for edit in ("blur", "unsharp", "preprocessed"):
        changes = []
        for row in rows:
            if row["edit"] == edit:
                base = plain[row["picture"], row["quality"]]
                real = 100 * (row["real"] / base["real"] - 1)
                changes.append((real, 100 * (row["predicted"] / base["predicted"] - 1)))
        real, predicted = np.array(changes).T
        summary[edit] = {
            "real_mean": float(real.mean()),
            "error_mean": float(np.mean(np.abs(predicted - real))),
            "bias": float(np.mean(predicted - real)),
        }
    return summary


def print_rate(results: dict[str, Rows]) -> None:
    summaries = {name: rate_summary(rows) for name, rows in results.items()}
    print("\nError of bits per pixel, %, mean over pictures\n")
    print("| encoder | " + " | ".join(f"q{q}" for q in QUALITIES) + " | MAPE | least rank correlation |")
    print("| --- |" + " ---: |" * (len(QUALITIES) + 2))
    for name, s in summaries.items():
        cells = " | ".join(f"{value:.2f}" for value in s["mape_by_quality"].values())
        print(f"| {name} | {cells} | {s['mape']:.2f} | {s['rank_correlation_least']:.4f} |")
    print("\nPredicted change in bits per pixel, points: mean real change, mean absolute error, bias\n")
    print(
        "| encoder | blur, sigma 0.5 | unsharp mask, 50 % | preprocessed (balanced) |\n| --- | ---: | ---: | ---: |"
    )
    for name, summary in summaries.items():
        cells = [summary[edit] for edit in ("blur", "unsharp", "preprocessed")]
        texts = [f"{c['real_mean']:+.1f}, {c['error_mean']:.2f}, {c['bias']:+.2f}" for c in cells]
        print(f"| {name} | " + " | ".join(texts) + " |")
