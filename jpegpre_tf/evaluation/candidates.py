"""What is compared with the reference: a network, a filter or another encoder."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from jpegpre_tf.codecs import get_encoder
from jpegpre_tf.codecs.base import Picture
from jpegpre_tf.evaluation.profiles import load_profile, profile_identity
from jpegpre_tf.filters import get_filter

Preprocess = Callable[[Picture, int, float], Picture]

REFERENCE_ENCODER = "libjpeg-turbo"
Kind = Literal["reference", "profile", "filter", "encoder"]


@dataclass(frozen=True)
class Candidate:
    """One row of the result; small enough to send to a worker process.

    Attributes:
        key: Unique within an evaluation, for example "filter:guided".
        label: What a report calls it.
        kind: What is new about it.
        source: Name of the filter, or name or path of the model; "identity" for untouched pixels.
        encoder: Name of the encoder.
        strengths: Increasing. One makes a curve; several make an envelope, with 0 among the choices.
        precision: Of the model, None for its own default.
    """

    key: str
    label: str
    kind: Kind
    source: str = "identity"
    encoder: str = REFERENCE_ENCODER
    strengths: tuple[float, ...] = (1.0,)
    precision: str | None = None

    @property
    def is_envelope(self) -> bool:
        return len(self.strengths) > 1

    def load(self) -> Preprocess:
        """Returns the callable `(image, quality, strength) -> image`."""
        if self.kind == "profile":
            return load_profile(self.source, self.precision)
        return get_filter(self.source)

    @property
    def uses_quality(self) -> bool:
        """Whether the edited pixels depend on the quality."""
        return self.kind == "profile" or get_filter(self.source).uses_quality

    def preprocessor_identity(self) -> dict[str, str]:
        """What decides the pixels besides picture, quality and strength."""
        if self.kind != "profile":
            return get_filter(self.source).identity()
        return {"name": "profile"} | profile_identity(self.source, self.precision)

    def encoder_identity(self) -> dict[str, str]:
        """Name, version and flags of the encoder."""
        return get_encoder(self.encoder).identity()

    def describe(self) -> dict[str, Any]:
        """The entry in results.json that says what was run."""
        entry: dict[str, Any] = {
            "key": self.key,
            "label": self.label,
            "kind": self.kind,
            "encoder": self.encoder_identity(),
            "strengths": list(self.strengths),
            "envelope": self.is_envelope,
        }
        if self.kind == "profile":
            entry["model"] = self.preprocessor_identity()
        elif self.source != "identity":
            chosen = get_filter(self.source)
            entry["filter"] = {
                "name": chosen.name,
                "library": chosen.library(),
                "parameters": {str(strength): chosen.describe(strength) for strength in self.strengths},
            }
        return entry


def reference() -> Candidate:
    """The untouched picture through the reference encoder."""
    return Candidate("reference", "plain libjpeg-turbo", "reference")


def encoder_candidate(name: str) -> Candidate:
    """The untouched picture through another encoder."""
    labels = {
        "libjpeg-turbo": "libjpeg-turbo, optimised Huffman",
        "libjpeg-turbo-standard": "libjpeg-turbo, standard Huffman",
        "libjpeg-turbo-progressive": "libjpeg-turbo, progressive",
        "libjpeg-turbo-444": "libjpeg-turbo, 4:4:4",
        "mozjpeg": "MozJPEG",
        "mozjpeg-trellis": "MozJPEG trellis, Annex K, baseline",
        "jpegli": "jpegli",
        "webp": "WebP",
    }
    get_encoder(name)
    return Candidate(f"encoder:{name}", labels.get(name, name), "encoder", encoder=name)


def filter_candidate(name: str, encoder: str, strengths: Sequence[float] | None = None) -> Candidate:
    """A filter, by default as an envelope over its own strengths.

    Args:
        name: As in `filter_names()`.
        encoder: The encoder behind it.
        strengths: Instead of the filter's own.
    """
    chosen = get_filter(name)
    through = "" if encoder == REFERENCE_ENCODER else f", {encoder}"
    picked = tuple(sorted(strengths)) if strengths else chosen.strengths
    suffix = "" if len(picked) > 1 or not strengths else f" at strength {picked[0]:g}"
    return Candidate(
        f"filter:{name}{through}", f"{chosen.label}{suffix}{through}", "filter", name, encoder, picked
    )


def profile_candidate(name_or_path: str, encoder: str, strength: float, precision: str | None) -> Candidate:
    """A network at one strength; it is loaded once here, so that a bad one is noticed before any work."""
    load_profile(name_or_path, precision)
    path = Path(name_or_path)
    # A run's file has the same name in every run: its folder tells them apart.
    short = "/".join(path.absolute().parts[-2:]) if path.is_file() else path.name
    details = [precision] if precision else []
    details += [f"strength {strength:g}"] if strength != 1.0 else []
    details += [encoder] if encoder != REFERENCE_ENCODER else []
    label = ", ".join([short, *details])
    return Candidate(
        f"profile:{', '.join([name_or_path, *details])}",
        label,
        "profile",
        name_or_path,
        encoder,
        (strength,),
        precision,
    )
