import json

import pytest

from jpegpre_tf.errors import UsageError
from jpegpre_tf.evaluation.candidates import (
    make_encoder_candidate,
    make_filter_candidate,
    make_profile_candidate,
)
from jpegpre_tf.evaluation.evaluate import EvaluationConfig, evaluate
from jpegpre_tf.evaluation.results import Results, read_results, write_results

ENCODER = "libjpeg-turbo"


@pytest.fixture
def results(folder, tmp_path, averaging):
    (folder / "broken.png").write_bytes(b"")
    candidates = (
        make_profile_candidate(str(averaging), ENCODER, 1.0, None),
        make_filter_candidate("gaussian", ENCODER),
        make_encoder_candidate("webp"),
    )
    return evaluate(
        EvaluationConfig((folder,), candidates, ("psnr_y",), (10, 25, 50, 80), cache=tmp_path / "c")
    )


def test_read_back(results, tmp_path):
    write_results(results, tmp_path / "report")
    assert read_results(tmp_path / "report" / "results.json") == results


def test_schema_1_is_read(results):
    """Before version 0.2 entries had no `path`; everything else is the same."""
    content = results.to_json() | {"schema": 1}
    content["candidates"][0].pop("path")
    read = Results.from_json(json.loads(json.dumps(content)))
    assert read.candidates[1:] == results.candidates[1:]
    assert read.candidates[0].path is None and read.candidates[0].bd_rate == results.candidates[0].bd_rate


@pytest.mark.parametrize("content", ["", "[]", '{"schema": 3}', '{"schema": 2}'])
def test_other_files_are_refused_in_one_line(tmp_path, content):
    path = tmp_path / "results.json"
    path.write_text(content)
    with pytest.raises(UsageError, match=r"is no results\.json") as caught:
        read_results(path)
    assert "\n" not in str(caught.value)
    with pytest.raises(UsageError, match="cannot read"):
        read_results(tmp_path / "missing.json")
