"""One file of a model, as model.json lists it."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field

from jpegpre_tf._json import Json
from jpegpre_tf.runtime.cards.field_reader import FieldReader, without
from jpegpre_tf.runtime.cards.parity import Parity
from jpegpre_tf.runtime.cards.quantization import Quantization

_KNOWN = (
    *("sha256", "size_bytes", "format", "precision", "signature", "parity", "cpu_ms_per_megapixel"),
    *("processor", "quantization", "operations", "bd_rate_points_off_fp32", "picture_size"),
)


@dataclass(frozen=True)
class ModelFile:
    """One file of a model; what was not recorded is None or empty.

    Attributes:
        sha256: 64 lower-case hexadecimal digits.
        size_bytes: Size of the file.
        format: "tflite", "onnx", "keras", ...
        precision: "int8", "fp16" or "fp32".
        signature: Signature of an ONNX file: "edit", "carrier" or "decide".
        picture_size: Height and width of the only pictures that the file takes, pixels; None where it takes any.
        parity: Differences from Keras.
        cpu_ms_per_megapixel: Processor time of one thread where the file was made, milliseconds.
        processor: Processor that `cpu_ms_per_megapixel` was measured on.
        quantization: How an int8 file was made.
        operations: Operation and type -> how many a TFLite file has.
        bd_rate_points_off_fp32: Number of pictures, and range -> metric -> points of BD-rate off the fp32 file.
        other: Fields that this version does not know.
    """

    sha256: str
    size_bytes: int | None = None
    format: str | None = None
    precision: str | None = None
    signature: str | None = None
    picture_size: tuple[int, int] | None = None
    parity: Parity | None = None
    cpu_ms_per_megapixel: float | None = None
    processor: str | None = None
    quantization: Quantization | None = None
    operations: Mapping[str, int] = field(default_factory=dict)
    bd_rate_points_off_fp32: Mapping[str, Json] = field(default_factory=dict)
    other: Mapping[str, Json] = field(default_factory=dict)

    @staticmethod
    def of(content: bytes, file_format: str, precision: str | None = None) -> "ModelFile":
        """Returns the entry of a file with this content."""
        return ModelFile(hashlib.sha256(content).hexdigest(), len(content), file_format, precision)

    @staticmethod
    def from_json(content: object, reader: FieldReader, name: str) -> "ModelFile":
        """Returns the entry that a model.json has for the file `name`."""
        place = f"files.{name}"
        fields = reader.required_mapping(place, content)

        def text(key: str) -> str | None:
            return reader.optional_text(f"{place}.{key}", fields.get(key))

        def mapping(key: str) -> Mapping[str, Json]:
            return reader.mapping(f"{place}.{key}", fields.get(key))

        parity, made = fields.get("parity"), fields.get("quantization")
        time, size = fields.get("cpu_ms_per_megapixel"), fields.get("picture_size")
        return ModelFile(
            sha256=reader.sha256(f"{place}.sha256", fields.get("sha256")),
            size_bytes=reader.optional_whole(f"{place}.size_bytes", fields.get("size_bytes"), 0, 1 << 40),
            format=text("format"),
            precision=text("precision"),
            signature=text("signature"),
            picture_size=None if size is None else reader.size(f"{place}.picture_size", size),
            parity=None if parity is None else Parity.from_json(parity, reader, f"{place}.parity"),
            cpu_ms_per_megapixel=reader.optional_number(f"{place}.cpu_ms_per_megapixel", time),
            processor=text("processor"),
            quantization=None
            if made is None
            else Quantization.from_json(made, reader, f"{place}.quantization"),
            operations={
                kind: reader.whole(f"{place}.operations.{kind}", count, 0, 1 << 40)
                for kind, count in mapping("operations").items()
            },
            bd_rate_points_off_fp32=mapping("bd_rate_points_off_fp32"),
            other=without(fields, _KNOWN),
        )

    def to_json(self) -> dict[str, Json]:
        """Returns the entry as model.json has it; what was not recorded is left out."""
        content: dict[str, Json] = {
            "sha256": self.sha256,
            "size_bytes": self.size_bytes,
            "format": self.format,
            "precision": self.precision,
            "signature": self.signature,
            "picture_size": list(self.picture_size) if self.picture_size else None,
            "parity": self.parity.to_json() if self.parity else None,
            "cpu_ms_per_megapixel": self.cpu_ms_per_megapixel,
            "processor": self.processor,
            "quantization": self.quantization.to_json() if self.quantization else None,
            "operations": dict(self.operations) or None,
            "bd_rate_points_off_fp32": self.bd_rate_points_off_fp32 or None,
            **self.other,
        }
        return {key: value for key, value in content.items() if value is not None}
