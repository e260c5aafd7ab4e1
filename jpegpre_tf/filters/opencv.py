"""OpenCV, imported on first use, on one thread."""

import types

from jpegpre_tf._optional import require


def opencv(purpose: str) -> types.ModuleType:
    """Returns cv2. Evaluations run one process per core: more threads only get in the way."""
    cv2 = require("cv2", extra="evaluate", purpose=purpose)
    cv2.setNumThreads(1)
    return cv2


def opencv_version() -> str:
    """For example "OpenCV 5.0.0"."""
    return f"OpenCV {opencv('this filter').__version__}"
