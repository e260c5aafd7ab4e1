"""A stand-in for a session whose model decides coefficients: lone small coefficients become 0."""

import numpy as np

from jpegpre_tf import jpeg, runtime
from jpegpre_tf.jpeg.tuned_tables import TunedTables

# Of the 64 coefficients those from the middle on, by row + column.
_HIGH = np.add.outer(np.arange(8), np.arange(8)) >= 5
_INPUTS = {"alignment": 16, "overlap": 16}


def make_session(tables=None):
    """A session with Annex K's tables, or `tables`, that decides without a network."""
    return DecidingSession(
        runtime.find_model("balanced").read_tflite(), **_INPUTS, tuned_tables=tables or flat()
    )


def flat():
    """A family a tenth coarser than Annex K's."""
    return TunedTables(np.full((4, 2, 8, 8), 0.1, np.float32))


class DecidingSession(runtime.Session):
    """Decides by a rule of its own; everything else is a session's."""

    can_decide = True

    def decide(self, image, tables, strength=1.0):
        found = super().decide(image, tables, 0.0)
        if strength == 0:
            return found
        planes = tuple(np.where(_HIGH & (abs(plane) == 1), 0, plane) for plane in found.planes)
        return jpeg.Coefficients(planes, found.tables, found.height, found.width, found.subsampling)
