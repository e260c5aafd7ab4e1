"""How far one file of a model is from another."""

from dataclasses import asdict, dataclass

from jpegpre_tf._json import Json
from jpegpre_tf.runtime.cards.field_reader import FieldReader


@dataclass(frozen=True)
class Parity:
    """Differences of a file's results from Keras', or from those of another file; None where not measured.

    Attributes:
        max_levels, mean_levels: Largest and mean absolute difference of samples, in levels.
        over_one_level: Share of samples that differ by more than a level, 0..1.
        psnr_db: PSNR between the two; None for equal results too.
        decisions_differ: Share of quantized coefficients that differ, 0..1.
        max_relative, mean_relative: Largest and mean absolute difference of an estimate, as parts of Keras'.
        pictures, crops, qualities: How many were compared.
        against_tflite: An ONNX file's differences from the TFLite file of its precision.
    """

    max_levels: float | None = None
    mean_levels: float | None = None
    over_one_level: float | None = None
    psnr_db: float | None = None
    decisions_differ: float | None = None
    max_relative: float | None = None
    mean_relative: float | None = None
    pictures: int | None = None
    crops: int | None = None
    qualities: int | None = None
    against_tflite: "Parity | None" = None

    @property
    def difference(self) -> tuple[float, float] | None:
        """Mean and largest difference in levels; None where they were not measured."""
        if self.mean_levels is None or self.max_levels is None:
            return None
        return self.mean_levels, self.max_levels

    @staticmethod
    def from_json(content: object, reader: FieldReader, field: str) -> "Parity":
        """Returns the differences that a model.json has under `field`."""
        fields = reader.required_mapping(field, content)

        def number(name: str) -> float | None:
            return reader.optional_number(f"{field}.{name}", fields.get(name))

        def count(name: str) -> int | None:
            return reader.optional_whole(f"{field}.{name}", fields.get(name), 0, 1 << 40)

        other = fields.get("against_tflite")
        pair = None if other is None else Parity.from_json(other, reader, f"{field}.against_tflite")
        return Parity(
            max_levels=number("max_levels"),
            mean_levels=number("mean_levels"),
            over_one_level=number("over_one_level"),
            psnr_db=number("psnr_db"),
            decisions_differ=number("decisions_differ"),
            max_relative=number("max_relative"),
            mean_relative=number("mean_relative"),
            pictures=count("pictures"),
            crops=count("crops"),
            qualities=count("qualities"),
            against_tflite=pair,
        )

    def to_json(self) -> dict[str, Json]:
        """Returns what model.json holds; what was not measured is left out."""
        content = {name: value for name, value in asdict(self).items() if value is not None}
        if self.against_tflite is not None:
            content["against_tflite"] = self.against_tflite.to_json()
        return content
