"""Results of an evaluation as typed values, and as files."""

from jpegpre_tf.evaluation.results.candidate_result import CandidateResult, FilterRecord
from jpegpre_tf.evaluation.results.files import read_results, write_results
from jpegpre_tf.evaluation.results.picture_result import FilePoint, PictureResult
from jpegpre_tf.evaluation.results.published import PublishedSet, publish_results
from jpegpre_tf.evaluation.results.results import SCHEMA, Failure, MetricRecord, PictureRecord, Results
from jpegpre_tf.evaluation.results.shipped_check import explain_difference
from jpegpre_tf.evaluation.results.summary import Summary, summarize
from jpegpre_tf.evaluation.results.tables import bd_rate_cells, render_csv, render_markdown

__all__ = [
    "SCHEMA",
    "CandidateResult",
    "Failure",
    "FilePoint",
    "FilterRecord",
    "MetricRecord",
    "PictureRecord",
    "PictureResult",
    "PublishedSet",
    "Results",
    "Summary",
    "bd_rate_cells",
    "explain_difference",
    "publish_results",
    "read_results",
    "render_csv",
    "render_markdown",
    "summarize",
    "write_results",
]
