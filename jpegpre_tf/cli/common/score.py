"""The score of `--target-score`."""

from jpegpre_tf.runtime.encoding.rendering.renderer import Score


def ssimulacra2_score() -> Score:
    """Returns SSIMULACRA2 as `encode_file` takes a score.

    Raises:
        MissingExtraError: If the extra [evaluate] is not installed.
    """
    from jpegpre_tf.evaluation.file_score import ssimulacra2_score as score

    return score("--target-score")
