"""How a file of whole numbers was made."""

from dataclasses import asdict, dataclass

from jpegpre_tf._json import Json
from jpegpre_tf.runtime.cards.field_reader import FieldReader


@dataclass(frozen=True)
class Quantization:
    """How an int8 file was made; None where there was no fine-tuning.

    Attributes:
        method: One line for people.
        steps: Steps of fine-tuning.
        loss_before, loss_after: Loss on the validation pictures before and after fine-tuning.
        kept: 1.0 if fine-tuning was kept, 0.0 if it did not help.
    """

    method: str
    steps: int | None = None
    loss_before: float | None = None
    loss_after: float | None = None
    kept: float | None = None

    @staticmethod
    def from_json(content: object, reader: FieldReader, field: str) -> "Quantization":
        """Returns what a model.json has under `field`."""
        fields = reader.required_mapping(field, content)
        return Quantization(
            method=reader.text(f"{field}.method", fields.get("method")),
            steps=reader.optional_whole(f"{field}.steps", fields.get("steps"), 0, 1 << 40),
            loss_before=reader.optional_number(f"{field}.loss_before", fields.get("loss_before")),
            loss_after=reader.optional_number(f"{field}.loss_after", fields.get("loss_after")),
            kept=reader.optional_number(f"{field}.kept", fields.get("kept")),
        )

    def to_json(self) -> dict[str, Json]:
        """Returns what model.json holds."""
        return {name: value for name, value in asdict(self).items() if value is not None}
