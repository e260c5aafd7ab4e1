"""The rows that every report is compared with."""

from collections.abc import Sequence

from jpegpre_tf import runtime
from jpegpre_tf.evaluation.candidates import (
    Candidate,
    make_encoder_candidate,
    make_filter_candidate,
    make_tables_candidate,
)

CONTROLS = ("none", "encoders", "standard")
ENCODERS = ("mozjpeg-trellis", "mozjpeg", "jpegli")
FILTERS = ("guided", "area")


def make_controls(name: str, profiles: Sequence[str], encoder: str) -> list[Candidate]:
    """Returns a set of controls.

    Args:
        name: "none"; "encoders": MozJPEG's trellis, MozJPEG's defaults, jpegli; "standard": these, the tables of each
            profile alone, guided filter and attribute filter.
        profiles: Names or folders of the models that are evaluated.
        encoder: The encoder that writes, behind the filters.
    """
    rows: list[Candidate] = []
    if name == "standard":
        rows += [make_tables_candidate(profile) for profile in profiles if _has_tables(profile)]
        rows += [make_filter_candidate(each, encoder) for each in FILTERS]
    if name != "none":
        rows += [make_encoder_candidate(each) for each in ENCODERS]
    return rows


def _has_tables(profile: str) -> bool:
    if profile.endswith(".tflite"):
        return False
    return runtime.find_model(profile).tuned_tables is not None
