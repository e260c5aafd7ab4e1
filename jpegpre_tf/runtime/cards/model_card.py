"""A model.json, checked field by field."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from jpegpre_tf._json import Json
from jpegpre_tf.runtime.cards.field_reader import FieldReader, without
from jpegpre_tf.runtime.cards.model_file import ModelFile
from jpegpre_tf.runtime.cards.training_record import TrainingRecord

PREPROCESSOR = "preprocessor"
_KNOWN = (
    *("name", "kind", "version", "licence", "purpose", "encoder", "files", "signatures", "inputs", "outputs"),
    *("tile", "quality_range", "parameters", "multiply_adds_per_pixel", "training", "objective", "measured"),
)


@dataclass(frozen=True)
class Tile:
    """Tiles that a preprocessor can run in, pixels: what their places and sides are multiples of, and the context."""

    alignment: int
    overlap: int


@dataclass(frozen=True)
class ModelCard:
    """What a model.json says; what it does not say is None or empty.

    Attributes:
        name, version: Name and version of the model, one line each.
        kind: "preprocessor", or the kind of a network for training: "simulator" or "rate".
        quality_range: Lowest and highest JPEG quality (1..100) that it was trained for.
        files: Relative path with forward slashes -> file.
        tile: Tiles of a preprocessor.
        license: SPDX identifier; the field is called "licence" in the file.
        purpose: What the model is for, one line.
        encoder: Name, version and flags of the encoder that a network imitates.
        signatures, inputs, outputs: Names, shapes and units of what the files take and give, for other programs.
        parameters: Number of weights.
        multiply_adds_per_pixel: Multiplications of a network for a pixel.
        training: Data and commands that the model was made with.
        objective: Metric -> weight of its BD-rate in training.
        measured: Title -> command, and the values that it printed; BD-rates as range -> metric -> percent.
        other: Fields that this version does not know.
    """

    name: str
    version: str
    kind: str
    quality_range: tuple[int, int]
    files: Mapping[str, ModelFile] = field(default_factory=dict)
    tile: Tile | None = None
    license: str | None = None
    purpose: str | None = None
    encoder: Mapping[str, Json] = field(default_factory=dict)
    signatures: Mapping[str, Json] = field(default_factory=dict)
    inputs: Mapping[str, Json] = field(default_factory=dict)
    outputs: Mapping[str, Json] = field(default_factory=dict)
    parameters: int | None = None
    multiply_adds_per_pixel: int | None = None
    training: TrainingRecord | None = None
    objective: Mapping[str, float] = field(default_factory=dict)
    measured: Mapping[str, Mapping[str, Json]] = field(default_factory=dict)
    other: Mapping[str, Json] = field(default_factory=dict)

    @staticmethod
    def from_json(content: object, source: str) -> "ModelCard":
        """Returns the card of a parsed model.json.

        Args:
            content: Result of the JSON parser.
            source: Name of the file, for messages.

        Raises:
            ModelError: If a field is missing or is not what it must be; one line that names it.
        """
        reader = FieldReader(source)
        card = reader.required_mapping("the file", content)
        required = ["name", "version", "files", "quality_range"]
        if card.get("kind", PREPROCESSOR) == PREPROCESSOR:
            required.append("tile")
        reader.require(card, required)
        kind = reader.text("kind", card.get("kind", PREPROCESSOR))
        training = card.get("training")
        most = 1 << 50
        return ModelCard(
            name=reader.text("name", card["name"]),
            version=reader.text("version", card["version"]),
            kind=kind,
            quality_range=reader.qualities("quality_range", card["quality_range"]),
            files={
                name: ModelFile.from_json(entry, reader, name)
                for name, entry in reader.required_mapping("files", card["files"]).items()
            },
            tile=_read_tile(reader, card["tile"]) if kind == PREPROCESSOR or "tile" in card else None,
            license=reader.optional_text("licence", card.get("licence")),
            purpose=reader.optional_text("purpose", card.get("purpose")),
            encoder=reader.mapping("encoder", card.get("encoder")),
            signatures=reader.mapping("signatures", card.get("signatures")),
            inputs=reader.mapping("inputs", card.get("inputs")),
            outputs=reader.mapping("outputs", card.get("outputs")),
            parameters=reader.optional_whole("parameters", card.get("parameters"), 0, most),
            multiply_adds_per_pixel=reader.optional_whole(
                "multiply_adds_per_pixel", card.get("multiply_adds_per_pixel"), 0, most
            ),
            training=None if training is None else TrainingRecord.from_json(training, reader),
            objective=reader.numbers("objective", card.get("objective")),
            measured={
                title: reader.required_mapping(f"measured.{title}", values)
                for title, values in reader.mapping("measured", card.get("measured")).items()
            },
            other=without(card, _KNOWN),
        )

    def to_json(self) -> dict[str, Json]:
        """Returns the content of model.json; what is not known is left out."""
        low, high = self.quality_range
        content: dict[str, Json] = {
            "name": self.name,
            "kind": None if self.kind == PREPROCESSOR else self.kind,
            "version": self.version,
            "licence": self.license,
            "purpose": self.purpose,
            "encoder": self.encoder or None,
            "files": {name: entry.to_json() for name, entry in self.files.items()},
            "signatures": self.signatures or None,
            "inputs": self.inputs or None,
            "outputs": self.outputs or None,
            "tile": {"alignment": self.tile.alignment, "overlap": self.tile.overlap} if self.tile else None,
            "quality_range": [low, high],
            "parameters": self.parameters,
            "multiply_adds_per_pixel": self.multiply_adds_per_pixel,
            "training": self.training.to_json() if self.training else None,
            "objective": self.objective or None,
            "measured": self.measured or None,
            **self.other,
        }
        return {name: value for name, value in content.items() if value is not None}


def _read_tile(reader: FieldReader, content: object) -> Tile:
    fields = reader.required_mapping("tile", content)
    return Tile(
        alignment=reader.whole("tile.alignment", fields.get("alignment"), 1, 4096),
        overlap=reader.whole("tile.overlap", fields.get("overlap"), 0, 4096),
    )
