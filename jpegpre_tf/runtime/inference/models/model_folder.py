"""Finds a model's folder and hands out its files, each checked against the hash in model.json."""

import difflib
import hashlib
import importlib.util
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from jpegpre_tf._json import parse_json
from jpegpre_tf.errors import ModelError, UnknownModelError, first_line
from jpegpre_tf.jpeg.tuned_tables import TunedTables
from jpegpre_tf.runtime.cards.model_card import PREPROCESSOR, ModelCard, Tile
from jpegpre_tf.runtime.cards.model_file import ModelFile

TABLES = "tables.json"

_PACKAGE = Path(__file__).resolve().parents[3]
# Precisions by preference where the caller names none: smallest and fastest first.
_PREFERRED = ("int8", "fp32", "fp16")


@dataclass(frozen=True)
class ModelFolder:
    """One model: a folder with model.json and the files that it describes.

    Attributes:
        path: The folder.
        card: Content of model.json.
    """

    path: Path
    card: ModelCard

    @property
    def name(self) -> str:
        return self.card.name

    @property
    def version(self) -> str:
        return self.card.version

    @property
    def kind(self) -> str:
        """ "preprocessor", or "simulator" or "rate" for a network that imitates an encoder (TensorFlow only)."""
        return self.card.kind

    @property
    def files(self) -> Mapping[str, ModelFile]:
        """Relative path with forward slashes -> file."""
        return self.card.files

    @property
    def tile_alignment(self) -> int:
        """Pixels: tiles start, and their sides are, at multiples of this."""
        return self._tile.alignment

    @property
    def tile_overlap(self) -> int:
        """Pixels of context an output pixel needs on each side to come out as in the whole picture."""
        return self._tile.overlap

    @property
    def quality_range(self) -> tuple[int, int]:
        """Lowest and highest JPEG quality (1..100) that the model was trained for, both included."""
        return self.card.quality_range

    @property
    def _tile(self) -> Tile:
        if self.card.tile is None:
            raise ModelError(f"model {self.name!r} is a {self.kind} network for training: it has no tiles")
        return self.card.tile

    def precisions(self, file_format: str = "tflite", signature: str = "edit") -> dict[str, str]:
        """Returns precision -> relative path of the files of one format.

        Args:
            file_format: "tflite" (all signatures in one file) or "onnx" (a file for each).
            signature: "edit", "carrier" or "decide".
        """
        return {
            entry.precision: name
            for name, entry in self.files.items()
            if entry.format == file_format
            and entry.precision is not None
            and entry.signature in (None, signature)
        }

    @property
    def tuned_tables(self) -> TunedTables | None:
        """The model's own tables, None if it has none.

        Raises:
            ModelError: If they cannot be read.
        """
        if TABLES not in self.files:
            return None
        try:
            return TunedTables.from_json(parse_json(self.read(TABLES)))
        except (ValueError, KeyError, TypeError) as error:
            raise ModelError(f"model file '{self.path / TABLES}' is not one of tables: {error}") from error

    def read_model(
        self, precision: str | None = None, file_format: str = "tflite", signature: str = "edit"
    ) -> bytes:
        """Returns the checked content of the file of one precision and format.

        Args:
            precision: "fp32", "fp16" or "int8"; None takes int8 where shipped, else fp32.
            file_format: "tflite" or "onnx".
            signature: Signature of an ONNX file: "edit", "carrier" or "decide".

        Raises:
            ModelError: If the model has no such file, or the file fails its check.
        """
        return self.read(self.file_name(precision, file_format, signature))

    def file_name(
        self, precision: str | None = None, file_format: str = "tflite", signature: str = "edit"
    ) -> str:
        """Key in `files` of what `read_model` reads; arguments and errors as there."""
        if self.kind != PREPROCESSOR:
            raise ModelError(
                f"model {self.name!r} is a {self.kind} network for training, expected a {PREPROCESSOR}"
            )
        shipped = self.precisions(file_format, signature)
        chosen = precision or next((name for name in _PREFERRED if name in shipped), None)
        if chosen not in shipped:
            raise ModelError(
                f"model {self.name!r} has no {file_format} file of precision {precision!r}; "
                f"it has: {', '.join(sorted(shipped)) or 'none'}"
            )
        return shipped[chosen]

    def read_tflite(self, precision: str | None = None) -> bytes:
        """`read_model` of the format "tflite"."""
        return self.read_model(precision)

    def find(self, name: str) -> Path | None:
        """Returns where a file of `files` is: here, or in the package with the models' larger files; None if nowhere.

        The core package has what `encode` needs, see docs/installing.md.
        """
        roots = _model_roots()
        places = [self.path]
        if self.path.parent in roots:
            places += [root / self.path.name for root in roots]
        paths = (place / PurePosixPath(name) for place in places)
        return next((path for path in paths if path.exists()), None)

    def read(self, name: str) -> bytes:
        """Returns one file's content after checking it; the bytes checked are the bytes returned.

        Args:
            name: A key of `files`.

        Raises:
            ModelError: If the file is not listed, cannot be read, or its sha256 differs from model.json.
        """
        parts = PurePosixPath(name)
        if name not in self.files or parts.is_absolute() or ".." in parts.parts:
            raise ModelError(f"model {self.name!r} lists no file {name!r} inside its folder")
        path = self.find(name)
        if path is None:
            raise ModelError(
                f"model {self.name!r}: {name!r} is not in this installation, which has "
                f"{', '.join(other for other in self.files if self.find(other)) or 'none of its files'}: "
                "pip install 'jpegpre-tf[models]' brings all"
            )
        try:
            content = path.read_bytes()
        except OSError as error:
            raise ModelError(f"cannot read model file '{path}': {error.strerror}") from error
        expected = self.files[name].sha256
        received = hashlib.sha256(content).hexdigest()
        if received != expected:
            raise ModelError(
                f"model file '{path}' is not the one its model.json describes: "
                f"expected sha256 {expected[:12]}..., received {received[:12]}..."
            )
        return content


def shipped_models() -> list[ModelFolder]:
    """Returns the models that came with the package, by name; empty if it came with none.

    Raises:
        ModelError: If a model.json is not readable.
    """
    found: dict[str, Path] = {}
    for root in _model_roots():
        for path in root.glob("*/model.json"):
            found.setdefault(path.parent.name, path.parent)
    return [_open_folder(found[name]) for name in sorted(found)]


def find_model(name_or_path: str | Path) -> ModelFolder:
    """Returns the shipped model of this name, else the model in the folder at this path.

    Raises:
        UnknownModelError: If neither exists.
        ModelError: If its model.json is not readable or misses a key.
    """
    name = str(name_or_path)
    for root in _model_roots():
        if name in {path.parent.name for path in root.glob("*/model.json")}:
            return _open_folder(root / name)
    path = Path(name_or_path)
    if (path / "model.json").is_file():
        return _open_folder(path)
    known = [model.name for model in shipped_models() if model.kind == PREPROCESSOR]
    like = difflib.get_close_matches(name.lower(), known, n=1)
    raise UnknownModelError(
        f"unknown profile {name!r}: expected one of {', '.join(known) or '(no shipped models)'}, "
        "or a folder with a model.json" + (f"; did you mean {like[0]}?" if like else "")
    )


def _model_roots() -> list[Path]:
    """Returns the folders of shipped models: of this package, then of the one with the larger files."""
    return [root for root in (_shipped_root(), _further_root()) if root is not None and root.is_dir()]


def _shipped_root() -> Path | None:
    # Installed: inside the package, copied there when the wheel was built. Checkout: beside the package.
    # Beside it counts only in a checkout: in site-packages that name could belong to anyone.
    inside = _PACKAGE / "savedmodels"
    if inside.is_dir():
        return inside
    beside = _PACKAGE.parent / "savedmodels"
    return beside if beside.is_dir() and (_PACKAGE.parent / "setup.py").is_file() else None


def _further_root() -> Path | None:
    found = importlib.util.find_spec("jpegpre_tf_models")
    places = found.submodule_search_locations if found else None
    return Path(next(iter(places))) / "savedmodels" if places else None


def _open_folder(path: Path) -> ModelFolder:
    file = path / "model.json"
    try:
        content = parse_json(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise ModelError(f"cannot read '{file}': {error.strerror}") from error
    except ValueError as error:
        raise ModelError(f"'{file}' is not valid JSON: {first_line(error)}") from error
    return ModelFolder(path, ModelCard.from_json(content, str(file)))
