"""Results that are committed beside the code, in results/<set>/*.json: what README and docs are drawn from."""

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from jpegpre_tf.errors import UsageError
from jpegpre_tf.evaluation.cache import write_text
from jpegpre_tf.evaluation.results.candidate_result import CandidateResult
from jpegpre_tf.evaluation.results.files import read_results
from jpegpre_tf.evaluation.results.results import Results
from jpegpre_tf.storage.names import printable_path

# Enough for every table and curve; the files stay small.
_DIGITS = 5


class PublishedSet:
    """All results of one set of pictures, for example those of results/kodak.

    Args:
        folder: Folder with one or more results.json under any names.

    Raises:
        UsageError: If there is none, two have the same candidate, or they are of different pictures.
    """

    def __init__(self, folder: Path) -> None:
        self._parts: list[Results] = [read_results(path) for path in sorted(folder.glob("*.json"))]
        if not self._parts:
            raise UsageError(f"no results in '{printable_path(folder)}': expected *.json")
        keys = [candidate.key for part in self._parts for candidate in part.candidates]
        if len(set(keys)) < len(keys):
            raise UsageError(f"'{printable_path(folder)}' has a candidate twice: {', '.join(sorted(keys))}")
        if any(part.pictures != self._parts[0].pictures for part in self._parts):
            raise UsageError(f"the files of '{printable_path(folder)}' are of different pictures")

    @property
    def candidates(self) -> list[CandidateResult]:
        """Candidates of all files, in the order of the files' names."""
        return [candidate for part in self._parts for candidate in part.candidates]

    def select(self, keys: Sequence[str] = (), metrics: Sequence[str] = ()) -> Results:
        """Returns results with these candidates and metrics only, in this order; all by default.

        Raises:
            UsageError: If a key or a metric is not there.
        """
        by_key = {candidate.key: candidate for candidate in self.candidates}
        known = {metric.name: metric for part in self._parts for metric in part.metrics}
        for asked, there in ((keys, by_key), (metrics, known)):
            missing = [name for name in asked if name not in there]
            if missing:
                raise UsageError(f"no {', '.join(missing)} in the results; there are: {', '.join(there)}")
        return replace(
            self._parts[0],
            candidates=tuple(by_key[key] for key in keys or by_key),
            metrics=tuple(known[name] for name in metrics or known),
        )


def publish_results(results: Results, path: Path) -> None:
    """Writes results as small as they can be committed."""
    write_text(path, json.dumps(_round(results.to_json()), separators=(",", ":")) + "\n")


def _round(content: Any) -> Any:
    if isinstance(content, float):
        return round(content, _DIGITS)
    if isinstance(content, dict):
        return {key: _round(value) for key, value in content.items()}
    return [_round(value) for value in content] if isinstance(content, list) else content
