"""The part of a model.json that programs rely on, checked field by field."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from jpegpre_tf.errors import ModelError

PREPROCESSOR = "preprocessor"


@dataclass(frozen=True)
class ModelFile:
    """One file of a model.

    Attributes:
        sha256: 64 lower-case hexadecimal digits.
        size_bytes: None where it is not said.
        format: "tflite", "onnx", "keras", ...; None for a file of another kind.
        precision: "int8", "fp16" or "fp32"; None where there is but one.
    """

    sha256: str
    size_bytes: int | None
    format: str | None
    precision: str | None


@dataclass(frozen=True)
class ModelCard:
    """What a model.json must say.

    Attributes:
        name, version: Of the model; one line each.
        kind: "preprocessor", or what kind of network for training it is.
        files: Relative path with forward slashes -> file.
        quality_range: Lowest and highest JPEG quality (1..100) that it was trained for.
        tile_alignment, tile_overlap: Pixels; None for a network that is not run in tiles.
    """

    name: str
    version: str
    kind: str
    files: Mapping[str, ModelFile]
    quality_range: tuple[int, int]
    tile_alignment: int | None
    tile_overlap: int | None

    @staticmethod
    def from_json(content: Any, source: str) -> "ModelCard":
        """Returns the card of a parsed model.json.

        Args:
            content: What the JSON parser returned.
            source: Name of the file, for messages.

        Raises:
            ModelError: If a field is missing or is not what it must be; one line that names it.
        """
        reader = _Reader(source)
        card = reader.mapping("the file", content)
        required = ["name", "version", "files", "quality_range"]
        if card.get("kind", PREPROCESSOR) == PREPROCESSOR:
            required.append("tile")
        missing = [key for key in required if key not in card]
        if missing:
            raise ModelError(f"'{source}' misses: {', '.join(missing)}")
        kind = reader.text("kind", card.get("kind", PREPROCESSOR))
        low, high = reader.pair("quality_range", card["quality_range"])
        if not low <= high:
            reader.refuse("quality_range", "a lowest and a highest quality", card["quality_range"])
        alignment = overlap = None
        if kind == PREPROCESSOR or "tile" in card:
            tile = reader.mapping("tile", card["tile"])
            alignment = reader.whole("tile.alignment", tile.get("alignment"), 1, 4096)
            overlap = reader.whole("tile.overlap", tile.get("overlap"), 0, 4096)
        files = reader.mapping("files", card["files"])
        return ModelCard(
            name=reader.text("name", card["name"]),
            version=reader.text("version", card["version"]),
            kind=kind,
            files={name: reader.file(name, entry) for name, entry in files.items()},
            quality_range=(low, high),
            tile_alignment=alignment,
            tile_overlap=overlap,
        )


class _Reader:
    """Takes fields of one file, or refuses them in one line."""

    def __init__(self, source: str) -> None:
        self._source = source

    def refuse(self, field: str, expected: str, received: Any) -> None:
        shown = repr(received)
        shown = shown if len(shown) <= 60 else shown[:57] + "..."
        raise ModelError(f"'{self._source}': `{field}` must be {expected}. Received: {shown}")

    def mapping(self, field: str, value: Any) -> Mapping[str, Any]:
        if not isinstance(value, dict):
            self.refuse(field, "an object", value)
        mapping: Mapping[str, Any] = value
        return mapping

    def text(self, field: str, value: Any) -> str:
        is_number = isinstance(value, int) and not isinstance(value, bool)
        if not (is_number or (isinstance(value, str) and value and value.isprintable())):
            self.refuse(field, "a line of text", value)
        return str(value)

    def optional_text(self, field: str, value: Any) -> str | None:
        return None if value is None else self.text(field, value)

    def whole(self, field: str, value: Any, least: int, most: int) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
            self.refuse(field, f"a whole number from {least} to {most}", value)
        return int(value)

    def pair(self, field: str, value: Any) -> tuple[int, int]:
        if not isinstance(value, list) or len(value) != 2:
            self.refuse(field, "two whole numbers", value)
        return self.whole(field, value[0], 1, 100), self.whole(field, value[1], 1, 100)

    def file(self, name: str, entry: Any) -> ModelFile:
        field = f"files.{name}"
        fields = self.mapping(field, entry)
        sha256 = fields.get("sha256")
        if not isinstance(sha256, str) or not re.fullmatch("[0-9a-f]{64}", sha256):
            self.refuse(f"{field}.sha256", "64 hexadecimal digits", sha256)
        size = fields.get("size_bytes")
        return ModelFile(
            sha256=str(sha256),
            size_bytes=None if size is None else self.whole(f"{field}.size_bytes", size, 0, 1 << 40),
            format=self.optional_text(f"{field}.format", fields.get("format")),
            precision=self.optional_text(f"{field}.precision", fields.get("precision")),
        )
