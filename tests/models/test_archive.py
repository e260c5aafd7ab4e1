"""A .keras archive that would take all memory is refused before anything of it is unpacked."""

import zipfile
from pathlib import Path

import h5py
import keras
import numpy as np
import pytest

from jpegpre_tf import Preprocessor
from jpegpre_tf.errors import ModelError
from jpegpre_tf.models import archive
from jpegpre_tf.models.archive import check_archive
from jpegpre_tf.models.loading import load_network

SHIPPED = Path("savedmodels/balanced/model.keras")


def with_entry(tmp_path: Path, name: str, content: bytes) -> Path:
    """The shipped model, with one entry replaced or added, deflated."""
    path = tmp_path / "bomb.keras"
    with zipfile.ZipFile(SHIPPED) as source, zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as target:
        for entry in source.namelist():
            if entry != name:
                target.writestr(entry, source.read(entry))
        target.writestr(name, content)
    return path


def test_shipped_models_pass() -> None:
    for path in sorted(Path("savedmodels").glob("*/model.keras")):
        check_archive(path)


@pytest.mark.parametrize(
    ("name", "size"),
    [("model.weights.h5", 5_000_000), ("config.json", 9_000_000), ("assets/x", 5_000_000)],
)
def test_an_archive_that_unpacks_to_much_is_refused(tmp_path, monkeypatch, name: str, size: int) -> None:
    monkeypatch.setattr(archive, "_MOST_BYTES", 4_000_000)  # zipping 256 MB takes seconds
    path = with_entry(tmp_path, name, bytes(size))
    assert path.stat().st_size < 1_000_000
    # Nothing of it may be read.
    monkeypatch.setattr(zipfile.ZipFile, "open", lambda *_: pytest.fail("unpacked"))
    with pytest.raises(ModelError, match=r"bomb.keras: expected a model that unpacks to at most") as error:
        load_network(path, Preprocessor)
    assert "\n" not in str(error.value)


def test_arrays_that_only_declare_their_size_are_refused(tmp_path) -> None:
    """HDF5's own compression, and arrays that nobody filled: the archive itself is small."""
    file = tmp_path / "weights.h5"
    with h5py.File(file, "w") as weights:
        weights.create_dataset("layers/large", (1_000_000, 1_000), np.float32, chunks=(1000, 1000))
    assert file.stat().st_size < 1_000_000
    path = with_entry(tmp_path, "model.weights.h5", file.read_bytes())
    with pytest.raises(ModelError, match="declares 4,000 MB"):
        load_network(path, Preprocessor)


def test_code_in_an_archive_is_not_run(tmp_path) -> None:
    """A Lambda layer's code: Keras' safe mode refuses it."""
    model = keras.Sequential([keras.Input((4,)), keras.layers.Lambda(lambda x: x * 2)])
    model.save(tmp_path / "code.keras")
    with pytest.raises(ModelError, match=r"code.keras: expected a \.keras Preprocessor \(.*Lambda"):
        load_network(tmp_path / "code.keras", Preprocessor)
