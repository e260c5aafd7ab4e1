"""What is compared with the reference: a network, its tables alone, a filter or another encoder."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from jpegpre_tf.codecs import get_encoder
from jpegpre_tf.evaluation.writing.edit_writer import EditWriter
from jpegpre_tf.evaluation.writing.file_writer import FileWriter
from jpegpre_tf.evaluation.writing.profiles import (
    PLAIN_ENCODER,
    WritePath,
    choose_path,
    describe_profile,
    make_profile_writer,
)
from jpegpre_tf.filters import get_filter

REFERENCE_ENCODER = PLAIN_ENCODER
Kind = Literal["reference", "profile", "tables", "filter", "encoder"]


@dataclass(frozen=True)
class Candidate:
    """One row of the result; small enough to send to a worker process.

    Attributes:
        key: Unique within an evaluation, for example "filter:guided".
        label: What a report calls it.
        kind: What is new about it; "tables" is a model's tables without its network.
        source: Name of the filter, or name or path of the model; "identity" for untouched pixels.
        encoder: Name of the encoder that writes.
        strengths: Increasing. One makes a curve; several make an envelope, with 0 among the choices.
        precision: Precision of the model's file, None for its own default.
        path: How a model's decisions reach the file; "edit" for all that is no model.
    """

    key: str
    label: str
    kind: Kind
    source: str = "identity"
    encoder: str = REFERENCE_ENCODER
    strengths: tuple[float, ...] = (1.0,)
    precision: str | None = None
    path: WritePath = "edit"

    @property
    def is_envelope(self) -> bool:
        return len(self.strengths) > 1

    @property
    def has_model(self) -> bool:
        return self.kind in ("profile", "tables")

    def make_writer(self) -> FileWriter:
        """Returns what makes the candidate's files."""
        if self.has_model:
            return make_profile_writer(
                self.source, self.precision, self.encoder, self.path, decides=self.kind == "profile"
            )
        chosen = get_filter(self.source)
        return EditWriter(chosen, get_encoder(self.encoder), uses_quality=chosen.uses_quality)

    def preprocessor_identity(self) -> dict[str, str]:
        """What decides the file besides picture, operating point and encoder."""
        if not self.has_model:
            return get_filter(self.source).identity()
        decides = self.kind == "profile" and (self.path != "carrier" or self.strengths != (0.0,))
        name = "profile" if decides else "tables"
        return {"name": name} | describe_profile(self.source, self.precision, self.path, decides=decides)

    def encoder_identity(self) -> dict[str, str]:
        """Name, version and flags of the encoder."""
        return get_encoder(self.encoder).identity()


def reference(encoder: str = REFERENCE_ENCODER) -> Candidate:
    """The untouched picture through an encoder, by default the one that phones and browsers have."""
    label = "plain libjpeg-turbo" if encoder == REFERENCE_ENCODER else f"{get_encoder(encoder).name} alone"
    return Candidate("reference", label, "reference", encoder=encoder)


def make_encoder_candidate(name: str) -> Candidate:
    """The untouched picture through another encoder."""
    labels = {
        "libjpeg-turbo": "libjpeg-turbo, optimised Huffman",
        "libjpeg-turbo-standard": "libjpeg-turbo, standard Huffman",
        "libjpeg-turbo-progressive": "libjpeg-turbo, progressive",
        "libjpeg-turbo-444": "libjpeg-turbo, 4:4:4",
        "mozjpeg": "MozJPEG",
        "mozjpeg-trellis": "MozJPEG trellis, Annex K, baseline",
        "jpegli": "jpegli (jpegli_set_quality, two tables, baseline)",
        "webp": "WebP",
    }
    label = labels.get(name, get_encoder(name).name)
    return Candidate(f"encoder:{name}", label, "encoder", encoder=name)


def make_filter_candidate(name: str, encoder: str, strengths: Sequence[float] | None = None) -> Candidate:
    """A filter, by default as an envelope over its own strengths.

    Args:
        name: One of `filter_names()`.
        encoder: The encoder that writes.
        strengths: Strengths to use instead of the filter's own.
    """
    chosen = get_filter(name)
    written_by = "" if encoder == REFERENCE_ENCODER else f", {encoder}"
    shown = written_by and f", {get_encoder(encoder).name}"
    picked = tuple(sorted(strengths)) if strengths else chosen.strengths
    suffix = "" if len(picked) > 1 or not strengths else f" at strength {picked[0]:g}"
    return Candidate(
        f"filter:{name}{written_by}", f"{chosen.label}{suffix}{shown}", "filter", name, encoder, picked
    )


def make_profile_candidate(
    name_or_path: str,
    encoder: str,
    strength: float,
    precision: str | None,
    path: WritePath | None = None,
) -> Candidate:
    """A network at one strength; it is loaded once here, so that a bad one is noticed before any work.

    Args:
        name_or_path: Name of a shipped model, a folder with a model.json, or a .tflite file.
        encoder: The encoder that writes.
        strength: 0..1.
        precision: "fp32", "fp16", "int8", or None for the model's own default.
        path: How the decisions reach the file; None for what `jpegpre encode` does by default.
    """
    default = choose_path(name_or_path, precision, encoder)
    chosen = path or default
    make_profile_writer(name_or_path, precision, encoder, chosen)
    details = [precision] if precision else []
    details += [chosen] if chosen != default else []
    details += [f"strength {strength:g}"] if strength != 1.0 else []
    # A command line is told apart by all of it, and shown by its program's name.
    written_by, shown = ([encoder], [get_encoder(encoder).name]) if encoder != REFERENCE_ENCODER else ([], [])
    return Candidate(
        f"profile:{', '.join([name_or_path, *details, *written_by])}",
        ", ".join([_shorten(name_or_path), *details, *shown]),
        "profile",
        name_or_path,
        encoder,
        (strength,),
        precision,
        chosen,
    )


def make_tables_candidate(name_or_path: str) -> Candidate:
    """A model's tuned tables without its network: the carrier at strength 0.

    Args:
        name_or_path: Name of a shipped model, or a folder with a model.json, that has tuned tables.
    """
    make_profile_writer(name_or_path, None, REFERENCE_ENCODER, "carrier", decides=False)
    label = f"tables of {_shorten(name_or_path)} alone"
    return Candidate(
        f"tables:{name_or_path}", label, "tables", name_or_path, REFERENCE_ENCODER, (0.0,), None, "carrier"
    )


def _shorten(name_or_path: str) -> str:
    path = Path(name_or_path)
    # A run's file has the same name in every run: its folder tells them apart.
    return "/".join(path.absolute().parts[-2:]) if path.is_file() else path.name
