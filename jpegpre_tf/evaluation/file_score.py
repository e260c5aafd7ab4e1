"""SSIMULACRA2 as a score of JPEG files, as `runtime.encode_file` takes one."""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from jpegpre_tf._optional import require
from jpegpre_tf.codecs.base import decode
from jpegpre_tf.evaluation.metrics.base import Frame
from jpegpre_tf.evaluation.metrics.ssimulacra2 import SSIMULACRA2
from jpegpre_tf.runtime.encoding.rendering.renderer import Score


def ssimulacra2_score(purpose: str) -> Score:
    """Returns SSIMULACRA2 as `encode_file` takes a score; `purpose` is what needs it, for messages.

    Raises:
        MissingExtraError: If the extra [evaluate] is not installed.
    """
    require("ssimulacra2.ssimulacra2", extra="evaluate", purpose=purpose)
    require("cv2", extra="evaluate", purpose=purpose)
    metric = SSIMULACRA2()

    def score(pixels: npt.NDArray[np.uint8]) -> Callable[[bytes], float]:
        prepared = metric.prepare(Frame(pixels))

        def of_file(jpeg: bytes) -> float:
            value = metric.score(prepared, Frame(decode(jpeg)))
            # Pictures under 8 pixels have no score: none is high enough.
            return float("-inf") if value is None else value

        return of_file

    return score
