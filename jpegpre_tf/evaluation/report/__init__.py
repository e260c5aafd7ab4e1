"""The report folder: results, plots, crops and one page."""

from jpegpre_tf.evaluation.report.write import write_report

__all__ = ["write_report"]
