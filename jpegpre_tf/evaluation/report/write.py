"""Writes the report folder."""

from pathlib import Path

from jpegpre_tf.evaluation.cache import write_text
from jpegpre_tf.evaluation.evaluate import EvaluationConfig
from jpegpre_tf.evaluation.report.crops import write_crops
from jpegpre_tf.evaluation.report.page import page
from jpegpre_tf.evaluation.report.plots import write_plots
from jpegpre_tf.evaluation.results import Results, write_results


def write_report(results: Results, config: EvaluationConfig, folder: Path) -> None:
    """Writes results.json, results.csv, table.md, plots/, crops/ and index.html into `folder`."""
    write_results(results, folder)
    plots = write_plots(results, folder / "plots")
    crops = write_crops(
        results,
        config.candidates[0],
        config.inputs,
        folder / "crops",
        reading=config.reading,
        reference_encoder=config.reference_encoder,
    )
    write_text(folder / "index.html", page(results, plots, crops))
