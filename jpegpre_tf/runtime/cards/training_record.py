"""How a model was made, as model.json tells it."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from jpegpre_tf._json import Json
from jpegpre_tf.runtime.cards.field_reader import FieldReader, without


@dataclass(frozen=True)
class TrainingRecord:
    """How a model was made, for people.

    Attributes:
        data: Pictures that it was trained on.
        commands: Commands that made it, in order.
        other: Fields that this version does not know.
    """

    data: str = "not recorded"
    commands: tuple[str, ...] = ()
    other: Mapping[str, Json] = field(default_factory=dict)

    @staticmethod
    def from_json(content: object, reader: FieldReader) -> "TrainingRecord":
        """Returns what a model.json has under "training"."""
        fields = reader.required_mapping("training", content)
        return TrainingRecord(
            data=reader.string("training.data", fields.get("data", "not recorded")),
            commands=reader.texts("training.commands", fields.get("commands", [])),
            other=without(fields, ("data", "commands")),
        )

    def to_json(self) -> dict[str, Json]:
        """Returns what model.json holds."""
        return {"data": self.data, "commands": list(self.commands), **self.other}
