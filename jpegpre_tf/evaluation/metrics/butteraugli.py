"""Butteraugli's 3-norm through the `butteraugli_main` program of libjxl."""

import functools
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

from PIL import Image

from jpegpre_tf.errors import JpegpreError
from jpegpre_tf.evaluation.metrics.base import Frame, Metric


class Butteraugli(Metric):
    """Butteraugli distance, 3-norm, at the program's default 80 nits; 0 is the original, lower is better."""

    name = "butteraugli_3norm"
    label = "Butteraugli 3-norm"
    unit = ""
    higher_is_better = False
    core = False

    def version(self) -> str:
        return f"{self.revision} {_fingerprint()}"

    def unavailable(self) -> str | None:
        if _program() is None:
            return "Butteraugli needs `butteraugli_main`: install libjxl-devtools (Debian) or libjxl's tools"
        return None

    def score(self, prepared: Frame, decoded: Frame) -> float | None:
        if min(prepared.rgb.shape[:2]) < 8:
            return None
        with tempfile.TemporaryDirectory(prefix="jpegpre-") as folder:
            files = [str(Path(folder, name)) for name in ("original.ppm", "decoded.ppm")]
            for file, frame in zip(files, (prepared, decoded), strict=True):
                Image.fromarray(frame.rgb).save(file)
            command = [str(_program()), *files]
            answer = subprocess.run(command, capture_output=True, text=True, check=False)
        match = re.search(r"3-norm: (\S+)", answer.stdout)
        if match is None:
            raise JpegpreError(f"butteraugli_main failed: {(answer.stderr or answer.stdout).strip()[-200:]}")
        return float(match.group(1))


@functools.cache
def _program() -> str | None:
    return shutil.which("butteraugli_main")


@functools.cache
def _fingerprint() -> str:
    """The program has no --version: its size in bytes tells builds apart well enough for the cache."""
    program = _program()
    return (
        f"butteraugli_main ({Path(program).stat().st_size} bytes)" if program else "butteraugli_main missing"
    )
