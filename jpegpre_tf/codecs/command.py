"""Any encoder that is a program: a command line with places for files and quality."""

import shlex
import shutil
import subprocess
import tempfile
from pathlib import Path

from PIL import Image

from jpegpre_tf._types import RGBImage
from jpegpre_tf.codecs.base import Encoder
from jpegpre_tf.errors import JpegpreError, UsageError

_PLACES = ("{in}", "{out}", "{quality}")


class CommandEncoder(Encoder):
    """An encoder called as a program for every picture.

    Args:
        command: As one would type it, for example "cjpeg -quality {quality} -outfile {out} {in}". `{in}` becomes a
            PPM file (`{in.png}`: a PNG file), `{out}` the file to write, `{quality}` 1..100. No shell is involved.
        name: What to call it; None takes the program's name.
        timeout: Seconds that one picture may take.

    Raises:
        UsageError: If a place is missing, the text cannot be split into words, or the program is not found.
    """

    def __init__(self, command: str, name: str | None = None, timeout: float = 120.0) -> None:
        try:
            self._words = shlex.split(command)
        except ValueError as error:
            raise UsageError(
                f"cannot split the encoder's command into words ({error}): {command!r}"
            ) from error
        self._suffix = ".png" if "{in.png}" in command else ".ppm"
        self._words = [word.replace("{in.png}", "{in}") for word in self._words]
        missing = [place for place in _PLACES if not any(place in word for word in self._words)]
        if missing:
            raise UsageError(
                f"the encoder's command must have {', '.join(_PLACES)}; it lacks {', '.join(missing)}: {command!r}"
            )
        if shutil.which(self._words[0]) is None:
            raise UsageError(f"the encoder's program {self._words[0]!r} is not found")
        self._timeout = timeout
        self.name = name or Path(self._words[0]).stem
        self.version = "unknown"
        self.flags = command

    def encode_bytes(self, image: RGBImage, quality: int) -> bytes:
        """Runs the program.

        Raises:
            JpegpreError: If it fails, takes too long, or writes nothing.
        """
        with tempfile.TemporaryDirectory() as folder:
            source, target = Path(folder) / f"in{self._suffix}", Path(folder) / "out.jpg"
            Image.fromarray(image).save(source)
            values = {"{in}": str(source), "{out}": str(target), "{quality}": str(quality)}
            command = [_fill_in(word, values) for word in self._words]
            try:
                done = subprocess.run(command, capture_output=True, timeout=self._timeout, check=False)
            except (OSError, subprocess.TimeoutExpired) as error:
                raise JpegpreError(f"encoder {self.name!r} failed: {error}") from error
            if done.returncode != 0 or not target.is_file():
                message = " ".join(done.stderr.decode(errors="replace").split())[-200:]
                raise JpegpreError(
                    f"encoder {self.name!r} failed: exit code {done.returncode}, "
                    f"{'no file written' if not target.is_file() else 'file written'}; it said: {message or 'nothing'}"
                )
            return target.read_bytes()


def _fill_in(word: str, values: dict[str, str]) -> str:
    for place, value in values.items():
        word = word.replace(place, value)
    return word
