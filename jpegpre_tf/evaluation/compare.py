"""One picture: the edited file beside plain JPEG of equal size and of equal quality."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from jpegpre_tf._types import RGBImage
from jpegpre_tf.codecs import get_encoder
from jpegpre_tf.codecs.base import Encoded
from jpegpre_tf.evaluation.candidates import REFERENCE_ENCODER, Candidate
from jpegpre_tf.evaluation.equal_size import smallest_file_above
from jpegpre_tf.evaluation.metrics import Frame, Metric


@dataclass(frozen=True)
class Scored:
    """An encoded picture with its scores against the original: metric name -> value, None if not defined."""

    encoded: Encoded
    scores: Mapping[str, float | None]


@dataclass(frozen=True)
class Comparison:
    """What a comparison shows.

    Attributes:
        original: uint8 `(height, width, 3)`, RGB, samples 0..255.
        edited: The candidate's file at the quality asked for.
        plain_equal_size: Plain libjpeg-turbo, no smaller than `edited` (by less than one step of quality).
        plain_equal_quality: Plain libjpeg-turbo at the quality asked for.
    """

    original: RGBImage
    edited: Scored
    plain_equal_size: Scored
    plain_equal_quality: Scored

    @property
    def saved_percent(self) -> float:
        """By how much `edited` is smaller than the plain file of the same quality."""
        return 100 * (1 - self.edited.encoded.size_bytes / self.plain_equal_quality.encoded.size_bytes)


def compare(
    image: RGBImage, candidate: Candidate, quality: int, strength: float, metrics: Sequence[Metric]
) -> Comparison:
    """Encodes `image` three ways and scores each.

    Args:
        image: uint8 `(height, width, 3)`, RGB, samples 0..255.
        candidate: What edits or encodes it.
        quality: 1..100, on the candidate's encoder's own scale.
        strength: 0..1.
        metrics: What to score with.
    """
    original = Frame(image)
    prepared = {metric.name: metric.prepare(original) for metric in metrics}

    def score(encoded: Encoded) -> Scored:
        decoded = Frame(encoded.decoded)
        scores = {metric.name: metric.score(prepared[metric.name], decoded) for metric in metrics}
        return Scored(encoded, scores)

    plain = get_encoder(REFERENCE_ENCODER)
    edited = candidate.make_writer().write(image, quality, strength)
    return Comparison(
        original=image,
        edited=score(edited),
        plain_equal_size=score(smallest_file_above(plain, image, edited.size_bytes)),
        plain_equal_quality=score(plain.encode(image, quality)),
    )
