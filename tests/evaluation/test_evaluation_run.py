import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from jpegpre_tf.errors import ModelError, UsageError
from jpegpre_tf.evaluation.candidates import (
    make_encoder_candidate,
    make_filter_candidate,
    make_profile_candidate,
)
from jpegpre_tf.evaluation.evaluate import EvaluationConfig, evaluate
from jpegpre_tf.evaluation.results import SCHEMA

ENCODER = "libjpeg-turbo"


def config(folder, tmp_path, *candidates, **options):
    return EvaluationConfig((folder,), candidates, cache=tmp_path / "cache", **options)


def percents(entry):
    """Every picture's BD-rates of a candidate, on every metric and range."""
    return [
        percent
        for picture in entry.pictures.values()
        for ranges in picture.bd_rate.values()
        for percent in ranges.values()
    ]


def test_no_filter_gives_exactly_zero_on_every_metric_and_range(folder, tmp_path):
    same = make_encoder_candidate(ENCODER)
    results = evaluate(config(folder, tmp_path, make_filter_candidate("identity", ENCODER), same))
    for entry in results.candidates:
        seen = percents(entry)
        assert len(seen) == 3 * 6 * 4
        assert set(seen) <= {0.0, None} and 0.0 in seen
        for metric in entry.bd_rate.values():
            for summary in metric.values():
                assert summary is None or (summary.mean, summary.interval) == (0.0, (0.0, 0.0))
    # All three rows are the same files: each is measured once.
    assert len(list((tmp_path / "cache").rglob("*.json"))) == 3 * 12


def test_standard_huffman_tables_cost_and_mozjpeg_saves(folder, tmp_path):
    results = evaluate(
        config(
            folder,
            tmp_path,
            make_encoder_candidate("libjpeg-turbo-standard"),
            make_encoder_candidate("mozjpeg-trellis"),
            metrics=("ms_ssim",),
        )
    )
    costs, saves = (entry.bd_rate["ms_ssim"]["0.2-1.5"] for entry in results.candidates)
    assert costs.mean > 1 and costs.win_rate == 0
    assert saves.mean < -1 and saves.win_rate == 1


def test_second_run_comes_from_the_cache_and_new_metrics_are_added(folder, tmp_path):
    candidate = make_filter_candidate("gaussian", ENCODER, [0.5])
    first = evaluate(config(folder, tmp_path, candidate, metrics=("psnr_y",)))
    assert (first.points_measured, first.points_from_cache) == (72, 0)
    second = evaluate(config(folder, tmp_path, candidate, metrics=("psnr_y",)))
    assert (second.points_measured, second.points_from_cache) == (0, 72)
    assert second.candidates == first.candidates
    third = evaluate(config(folder, tmp_path, candidate, metrics=("psnr_y", "ssim")))
    assert third.points_measured == 72
    assert third.candidates[0].bd_rate["psnr_y"] == first.candidates[0].bd_rate["psnr_y"]
    other = evaluate(
        config(folder, tmp_path, make_filter_candidate("gaussian", ENCODER, [0.6]), metrics=("psnr_y",))
    )
    assert (other.points_measured, other.points_from_cache) == (36, 36)


def test_two_processes_give_the_same_results(folder, tmp_path):
    candidate = make_filter_candidate("gaussian", ENCODER, [0.5])
    one = evaluate(EvaluationConfig((folder,), (candidate,), ("psnr_y",), cache=tmp_path / "one"))
    two = evaluate(EvaluationConfig((folder,), (candidate,), ("psnr_y",), cache=tmp_path / "two", jobs=2))
    assert two.candidates == one.candidates
    assert two.reference == one.reference


def test_envelope_is_never_worse_than_untouched(folder, tmp_path):
    results = evaluate(
        config(folder, tmp_path, make_filter_candidate("guided", ENCODER), metrics=("psnr_y", "ssim"))
    )
    (entry,) = results.candidates
    # Each chosen point lies on or left of the reference's curve; Akima between them may overshoot a little.
    assert all(percent < 0.2 for percent in percents(entry) if percent is not None)
    chosen = {name for name, picture in entry.pictures.items() if picture.chosen_strengths}
    assert chosen == {picture.name for picture in results.pictures}


def test_bad_picture_is_reported_and_the_rest_goes_on(folder, tmp_path):
    (folder / "broken.png").write_bytes(b"\x89PNG and nothing else")
    results = evaluate(
        config(folder, tmp_path, make_filter_candidate("identity", ENCODER), metrics=("psnr_y",))
    )
    assert len(results.pictures) == 3
    assert [failure.picture for failure in results.failures] == ["broken"]
    assert results.candidates[0].bd_rate["psnr_y"]["0.2-1.5"].pictures == 3


def test_failing_candidate_is_reported_and_the_rest_goes_on(folder, tmp_path, monkeypatch):
    from jpegpre_tf.filters import Gaussian

    def fail(self, image, quality, strength):
        raise RuntimeError("two\nlines")

    monkeypatch.setattr(Gaussian, "apply", fail)
    candidates = (
        make_filter_candidate("gaussian", ENCODER, [0.5]),
        make_filter_candidate("bilateral", ENCODER, [0.5]),
    )
    results = evaluate(config(folder, tmp_path, *candidates, metrics=("psnr_y",)))
    failing, fine = results.candidates
    assert failing.bd_rate["psnr_y"]["0.2-1.5"] is None
    assert fine.bd_rate["psnr_y"]["0.2-1.5"].pictures == 3
    assert [failure.error for failure in results.failures] == ["two lines"] * 3


def test_part_of_a_curve_does_not_pass_for_a_whole_one(folder, tmp_path, monkeypatch):
    from jpegpre_tf.filters import Gaussian

    candidate = make_filter_candidate("gaussian", ENCODER, [0.5])
    evaluate(config(folder, tmp_path, candidate, metrics=("psnr_y",), qualities=(10, 20, 30, 40)))
    monkeypatch.setattr(Gaussian, "apply", lambda self, image, quality, strength: 1 / 0)
    results = evaluate(
        config(folder, tmp_path, candidate, metrics=("psnr_y",), qualities=(10, 20, 30, 40, 80))
    )
    assert len(results.failures) == 3
    assert results.candidates[0].bd_rate["psnr_y"]["0.2-1.5"] is None


def test_preprocessor_that_changes_the_shape_is_refused(folder, tmp_path, monkeypatch):
    from jpegpre_tf.filters import Gaussian

    monkeypatch.setattr(Gaussian, "apply", lambda self, image, quality, strength: image[1:])
    results = evaluate(
        config(folder, tmp_path, make_filter_candidate("gaussian", ENCODER, [0.5]), metrics=("psnr_y",))
    )
    assert len(results.failures) == 3
    assert "must return uint8" in results.failures[0].error


def children(pid):
    """Process numbers of the children, where /proc tells."""
    try:
        return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []


def is_running(pid):
    try:
        # "Z" after the name in brackets: ended, not yet collected.
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def test_goes_on_after_a_kill(folder, tmp_path):
    cache, report = tmp_path / "cache", tmp_path / "report"
    command = [
        sys.executable,
        "-m",
        "jpegpre_tf",
        "evaluate",
        str(folder),
        "-o",
        str(report),
        "--cache",
        str(cache),
    ]
    command += ["--filter", "identity", "--against", "mozjpeg", "--controls", "none", "--jobs", "2"]
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    deadline = time.monotonic() + 60
    while len(list(cache.rglob("*.json"))) < 5 and time.monotonic() < deadline:
        time.sleep(0.02)
    workers = children(process.pid)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    # The workers notice and end; on a busy machine within seconds.
    while any(map(is_running, workers)) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not any(map(is_running, workers))
    stored = len(list(cache.rglob("*.json")))
    assert 5 <= stored < 72
    assert not (report / "results.json").exists()
    candidates = (make_filter_candidate("identity", ENCODER), make_encoder_candidate("mozjpeg"))
    resumed = evaluate(EvaluationConfig((folder,), candidates, cache=cache))
    assert resumed.points_from_cache >= stored
    fresh = evaluate(EvaluationConfig((folder,), candidates, cache=tmp_path / "other"))
    assert resumed.candidates == fresh.candidates


def test_tflite_file_as_profile(folder, tmp_path, averaging):
    results = evaluate(config(folder, tmp_path, make_profile_candidate(str(averaging), ENCODER, 1.0, None)))
    (entry,) = results.candidates
    assert not results.failures
    assert entry.label == "data/averaging.tflite"
    assert entry.bd_rate["ssimulacra2"]["0.2-1.5"].mean < 0
    off = evaluate(config(folder, tmp_path, make_profile_candidate(str(averaging), ENCODER, 0.0, None)))
    assert off.candidates[0].bd_rate["ssimulacra2"]["0.2-1.5"].mean == 0.0


def test_results_are_json_and_complete(folder, tmp_path):
    results = evaluate(
        config(folder, tmp_path, make_filter_candidate("gaussian", ENCODER), metrics=("psnr_y",))
    )
    content = json.loads(json.dumps(results.to_json(), allow_nan=False))
    assert content == results.to_json()
    assert content["schema"] == SCHEMA
    (entry,) = results.candidates
    assert "Huffman" in entry.encoder["flags"]
    assert len(entry.pictures["gb82_city"].points) == 12 * len(entry.strengths)


def test_bad_configurations(folder, tmp_path):
    with pytest.raises(UsageError, match="qualities"):
        config(folder, tmp_path, qualities=(10, 20, 30))
    with pytest.raises(UsageError, match="qualities"):
        config(folder, tmp_path, qualities=(0, 10, 20, 30))
    with pytest.raises(UsageError, match="jobs"):
        config(folder, tmp_path, jobs=0)
    with pytest.raises(UsageError, match="twice"):
        config(folder, tmp_path, make_encoder_candidate("webp"), make_encoder_candidate("webp"))
    with pytest.raises(ModelError, match="nosuch"):
        make_profile_candidate("nosuch", ENCODER, 1.0, None)
