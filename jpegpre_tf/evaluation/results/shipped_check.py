"""Whether published results are those of the models that ship."""

import hashlib
from pathlib import Path

from jpegpre_tf.errors import UnknownModelError
from jpegpre_tf.evaluation.results.candidate_result import CandidateResult
from jpegpre_tf.runtime import find_model
from jpegpre_tf.runtime.inference.models.model_folder import TABLES


def explain_difference(candidate: CandidateResult) -> str | None:
    """Returns one line if a result is of other files than those that ship now, None if it is of these or has no model.

    Hashes of the code that ran a model are not compared: most edits of the code change no file.
    """
    if not candidate.model:
        return None
    name = Path(candidate.key.partition(":")[2].partition(",")[0]).name
    try:
        model = find_model(name)
    except UnknownModelError:
        return f"{candidate.key}: no model {name!r} ships"
    known = {entry.sha256 for entry in model.files.values()}
    if "file" in candidate.model and candidate.model["file"] not in known:
        return f"{candidate.key}: measured with another network than the one that ships"
    if "tables" in candidate.model:
        tables = model.path / TABLES
        if (
            not tables.is_file()
            or hashlib.sha256(tables.read_bytes()).hexdigest() != candidate.model["tables"]
        ):
            return f"{candidate.key}: measured with other tables than those that ship"
    return None
