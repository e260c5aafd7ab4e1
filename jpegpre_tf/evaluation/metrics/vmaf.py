"""VMAF-NEG through an ffmpeg that has libvmaf, such as the one inside imageio-ffmpeg."""

import functools
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

from PIL import Image

from jpegpre_tf.errors import JpegpreError
from jpegpre_tf.evaluation.metrics.base import Frame, Metric

_MODEL = "vmaf_v0.6.1neg"


class VMAFNEG(Metric):
    """VMAF with its no-enhancement-gain model, which sharpening does not raise; one frame, 4:4:4, 0..100."""

    name = "vmaf_neg"
    label = "VMAF-NEG"
    unit = ""
    core = False

    def version(self) -> str:
        return f"{self.revision} {_MODEL} {_ffmpeg_version()}"

    def unavailable(self) -> str | None:
        if _ffmpeg() is None:
            return "VMAF-NEG needs an ffmpeg with libvmaf: pip install imageio-ffmpeg"
        return None

    def score(self, prepared: Frame, decoded: Frame) -> float | None:
        if min(prepared.rgb.shape[:2]) < 32:
            return None
        with tempfile.TemporaryDirectory(prefix="jpegpre-") as folder:
            files = [str(Path(folder, name)) for name in ("decoded.ppm", "original.ppm")]
            for file, frame in zip(files, (decoded, prepared), strict=True):
                Image.fromarray(frame.rgb).save(file)
            # The same explicit conversion for both; 4:4:4 so that nothing is lost before the comparison.
            graph = (
                "[0]scale=flags=accurate_rnd+full_chroma_int,format=yuv444p[a];"
                "[1]scale=flags=accurate_rnd+full_chroma_int,format=yuv444p[b];"
                f"[a][b]libvmaf=model=version={_MODEL}:n_threads=1"
            )
            command = [
                str(_ffmpeg()),
                "-hide_banner",
                "-nostdin",
                "-threads",
                "1",
                "-i",
                files[0],
                "-i",
                files[1],
            ]
            command += ["-filter_complex_threads", "1", "-lavfi", graph, "-f", "null", "-"]
            answer = subprocess.run(command, capture_output=True, text=True, check=False)
        match = re.search(r"VMAF score: (\S+)", answer.stderr)
        if match is None:
            raise JpegpreError(f"ffmpeg's libvmaf failed: {answer.stderr.strip()[-200:]}")
        return float(match.group(1))


@functools.cache
def _ffmpeg() -> str | None:
    """An ffmpeg with libvmaf: the one on the path, else imageio-ffmpeg's."""
    candidates = [shutil.which("ffmpeg")]
    try:
        import imageio_ffmpeg

        candidates.append(imageio_ffmpeg.get_ffmpeg_exe())
    except (ImportError, RuntimeError):  # not installed, or without a binary for this platform
        pass
    for program in candidates:
        if program:
            answer = subprocess.run(
                [program, "-hide_banner", "-filters"], capture_output=True, text=True, check=False
            )
            if " libvmaf " in answer.stdout:
                return program
    return None


@functools.cache
def _ffmpeg_version() -> str:
    program = _ffmpeg()
    if program is None:
        return "ffmpeg missing"
    answer = subprocess.run([program, "-version"], capture_output=True, text=True, check=False)
    return " ".join(answer.stdout.split()[:3])
