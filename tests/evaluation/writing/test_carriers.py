"""Carriers as candidates: the files that `encode` writes, tables alone, what the cache tells apart."""

import hashlib
import json
import shutil

import numpy as np
import pytest
from PIL import Image

from jpegpre_tf import jpeg, runtime
from jpegpre_tf.errors import UsageError
from jpegpre_tf.evaluation import controls
from jpegpre_tf.evaluation.candidates import make_profile_candidate, make_tables_candidate
from jpegpre_tf.evaluation.evaluate import EvaluationConfig, evaluate
from jpegpre_tf.evaluation.writing import profiles
from jpegpre_tf.evaluation.writing.carrier_writer import CarrierWriter
from jpegpre_tf.evaluation.writing.encoder_tables import read_encoder_tables
from tests.evaluation.writing.deciding_session import flat, make_session

ENCODER = "libjpeg-turbo"


@pytest.fixture
def deciding(monkeypatch):
    """Every profile is loaded as a session that decides."""
    session = make_session()
    monkeypatch.setattr(profiles, "load_session", lambda name_or_path, precision: session)
    return session


@pytest.fixture
def model(tmp_path):
    """A copy of the model `balanced` with tables of its own."""
    folder = tmp_path / "model"
    shutil.copytree(runtime.find_model("balanced").path, folder, ignore=shutil.ignore_patterns("*.keras"))
    write_tables(folder, flat().to_json())
    return folder


def write_tables(folder, content):
    """Writes tables.json, and its hash into model.json."""
    text = json.dumps(content)
    (folder / "tables.json").write_text(text)
    description = json.loads((folder / "model.json").read_text())
    digest = hashlib.sha256(text.encode()).hexdigest()
    description["files"]["tables.json"] = {"sha256": digest, "size_bytes": len(text)}
    (folder / "model.json").write_text(json.dumps(description))


@pytest.mark.parametrize("strength", [0.0, 1.0])
@pytest.mark.parametrize("size", [(64, 48), (50, 37)])
def test_file_is_the_one_that_encode_writes(deciding, city, tmp_path, size, strength):
    pixels = np.ascontiguousarray(city[: size[0], : size[1]])
    Image.fromarray(pixels).save(tmp_path / "in.png")
    candidate = make_profile_candidate("balanced", ENCODER, strength, None)
    assert candidate.path == "carrier"
    written = candidate.make_writer().write(pixels, 60, strength)
    result = runtime.encode_file(
        tmp_path / "in.png",
        tmp_path / "out.jpg",
        preprocess=deciding,
        options=runtime.EncodeOptions(quality=60, strength=strength, metadata="strip"),
    )
    assert result.size_bytes == written.size_bytes
    assert (tmp_path / "out.jpg").read_bytes() == written.data
    assert written.decoded.shape == pixels.shape


def test_shipped_model_is_measured_in_the_files_that_encode_writes(city, tmp_path):
    pixels = np.ascontiguousarray(city[:96, :80])
    Image.fromarray(pixels).save(tmp_path / "in.png")
    candidate = make_profile_candidate("balanced", ENCODER, 1.0, None)
    assert (candidate.path, candidate.label) == ("carrier", "balanced")
    session = runtime.load("balanced", threads=1)
    runtime.encode_file(tmp_path / "in.png", tmp_path / "out.jpg", session, quality=50, metadata="strip")
    assert candidate.make_writer().write(pixels, 50, 1.0).data == (tmp_path / "out.jpg").read_bytes()


def test_strength_0_is_the_tables_alone(deciding, model, city):
    pixels = np.ascontiguousarray(city[:64, :64])
    alone = make_tables_candidate(str(model))
    written = alone.make_writer().write(pixels, 40, 0.0)
    wanted = jpeg.encode_coefficients(pixels, tables=tuple(flat().tables(40)))
    found = jpeg.read_coefficients(written.data)
    assert [list(table.ravel()) for table in found.tables] == [list(table.ravel()) for table in wanted.tables]
    changed = sum(int((a != b).sum()) for a, b in zip(found.planes, wanted.planes, strict=True))
    assert changed <= 0.002 * 1.5 * pixels.shape[0] * pixels.shape[1]
    # The same files as the profile's at strength 0, so that they are measured once.
    assert make_profile_candidate(str(model), ENCODER, 0.0, None).preprocessor_identity() == (
        alone.preprocessor_identity()
    )


def test_evaluation_of_a_carrier_and_of_its_tables(deciding, model, folder, tmp_path):
    candidates = (make_profile_candidate(str(model), ENCODER, 1.0, None), make_tables_candidate(str(model)))
    config = EvaluationConfig((folder,), candidates, ("psnr_y",), (10, 25, 50, 80), cache=tmp_path / "cache")
    results = evaluate(config)
    decided, alone = results.candidates
    assert (decided.label, decided.path) == ("model", "carrier")
    assert (alone.label, alone.kind) == ("tables of model alone", "tables")
    for with_zeros, without in zip(
        decided.pictures["gb82_city"].points, alone.pictures["gb82_city"].points, strict=True
    ):
        assert with_zeros.size_bytes < without.size_bytes
    assert evaluate(config).points_measured == 0


def test_cache_tells_tables_and_paths_apart(deciding, model):
    def identity(path):
        return json.dumps(
            make_profile_candidate(str(model), ENCODER, 1.0, None, path).preprocessor_identity()
        )

    first = {path: identity(path) for path in ("carrier", "edit", "edit-standard")}
    assert len(set(first.values())) == 3
    content = json.loads((model / "tables.json").read_text())
    content["log_factors"][0][0][0] = 0.5
    write_tables(model, content)
    assert identity("carrier") != first["carrier"]
    assert identity("edit") == first["edit"]


def test_tables_written_anew_are_used_in_the_same_process(model, folder, tmp_path):
    """The cache is asked for the new tables: a session that kept the old ones would fill it with wrong files."""

    def measure():
        config = EvaluationConfig(
            (folder,),
            (make_tables_candidate(str(model)),),
            ("psnr_y",),
            (10, 25, 50, 80),
            cache=tmp_path / "cache",
        )
        (result,) = evaluate(config).candidates
        return [point.size_bytes for point in result.pictures["gb82_city"].points]

    first = measure()
    content = json.loads((model / "tables.json").read_text())
    content["calibration"] = {"quality": [1, 100], "at": [1, 50]}
    write_tables(model, content)
    second = measure()
    assert all(b < a for a, b in zip(first[1:], second[1:], strict=True))


def test_edit_is_made_for_the_tables_of_the_encoder(monkeypatch, city):
    seen = []

    class Session:
        def __call__(self, image, quality, strength, tables=None):
            seen.append(tables)
            return image

    monkeypatch.setattr(profiles, "load_session", lambda name_or_path, precision: Session())
    pixels = np.ascontiguousarray(city[:32, :32])
    for path in ("edit", "edit-standard"):
        profiles.make_profile_writer("balanced", None, "mozjpeg", path).write(pixels, 50, 1.0)
    luma, _ = seen[0]
    assert luma[0, 0] == 16 and luma[7, 7] != 99 and seen[1] is None
    assert read_encoder_tables("libjpeg-turbo-444", 50) is None
    assert read_encoder_tables("webp", 50) is None


def test_default_path_is_what_the_model_can_do(deciding):
    assert profiles.choose_path("balanced", None, ENCODER) == "carrier"
    assert profiles.choose_path("balanced", None, "mozjpeg") == "edit"
    assert isinstance(profiles.make_profile_writer("balanced", None, ENCODER, "carrier"), CarrierWriter)
    with pytest.raises(UsageError, match="written by libjpeg-turbo"):
        make_profile_candidate("balanced", "mozjpeg", 1.0, None, "carrier")


def test_models_that_only_edit_are_refused_as_carriers(averaging, model, monkeypatch):
    session = make_session()
    session.tuned_tables = None
    monkeypatch.setattr(profiles, "load_session", lambda name_or_path, precision: session)
    assert profiles.choose_path("balanced", None, ENCODER) == "edit"
    with pytest.raises(UsageError, match=r"tables\.json"):
        make_profile_candidate("balanced", ENCODER, 1.0, None, "carrier")
    with pytest.raises(UsageError, match=r"\.tflite file"):
        make_profile_candidate(str(averaging), ENCODER, 1.0, None, "carrier")


def test_controls(deciding, model, averaging):
    rows = controls.make_controls("standard", [str(model), str(averaging)], ENCODER)
    assert [row.kind for row in rows] == ["tables", "filter", "filter", "encoder", "encoder", "encoder"]
    assert [row.kind for row in controls.make_controls("encoders", [str(model)], ENCODER)] == ["encoder"] * 3
    assert controls.make_controls("none", [str(model)], ENCODER) == []
