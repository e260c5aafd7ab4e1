"""Each odd file through `encode_file`: the outcome that it must have, and what must hold for all."""

import io
import re
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageOps

from jpegpre_tf import runtime
from jpegpre_tf.errors import PictureError
from tests.corpus import broken_cases, jpeg_cases, other_cases
from tests.corpus.case import ENCODED, KEPT, REFUSED

README = Path(__file__).parent / "README.md"
CASES = [*jpeg_cases.CASES, *other_cases.CASES, *broken_cases.CASES]


@pytest.fixture(scope="module")
def session() -> runtime.Session:
    return runtime.load("balanced", threads=1)


def seen(content: bytes) -> np.ndarray:
    """What a viewer shows: turned by the orientation, transparency on white; float (H, W, 3)."""
    image = ImageOps.exif_transpose(Image.open(io.BytesIO(content)))
    if image.has_transparency_data:
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image.convert("RGBA"))
    return np.asarray(image.convert("RGB")).astype(float)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_outcome(case, session, tmp_path):
    content = case.make()
    source, target = tmp_path / case.name, tmp_path / "out" / "x.jpg"
    source.write_bytes(content)
    if case.outcome == REFUSED:
        with pytest.raises(PictureError, match=case.says[0]) as caught:
            runtime.encode_file(source, target, session, **case.options)
        message = str(caught.value)
        assert message.isprintable() and message.startswith(f"cannot read '{source}': ")
        assert not target.parent.exists()
        return
    result = runtime.encode_file(source, target, session, **case.options)
    written = target.read_bytes()
    assert source.read_bytes() == content and [path.name for path in target.parent.iterdir()] == ["x.jpg"]
    said = (*result.notes, *result.reasons)
    assert len(said) == len(case.says), said
    for note, pattern in zip(said, case.says, strict=True):
        assert re.search(pattern, note) and note.isprintable()
    assert result.size_bytes == len(written) and result.size_bytes_input == len(content)
    assert result.is_copy == (case.outcome == KEPT) and (case.outcome != KEPT or written == content)
    with Image.open(io.BytesIO(written)) as image:
        image.load()
        assert image.mode == case.mode and image.size == (result.width, result.height)
        assert case.outcome == KEPT or not image.info.get("progressive")
    is_jpeg = content[:2] == b"\xff\xd8"
    if is_jpeg and not case.options.get("allow_larger"):
        assert len(written) <= len(content)
    if case.looks is not None:
        before, after = seen(content), seen(written)
        assert before.shape == after.shape and np.abs(before - after).mean() <= case.looks
    if case.check:
        case.check(content, written)
    if case.outcome == ENCODED and shutil.which("djpeg"):
        done = subprocess.run(["djpeg", "-pnm", target], capture_output=True)
        assert (done.returncode, done.stderr) == (0, b"")


def test_there_are_enough_and_each_has_its_own_name():
    names = [case.name for case in CASES]
    assert len(names) >= 80 and len(set(names)) == len(names)


def table() -> str:
    """The list of the cases, for README.md here."""
    rows = ["| file | what it tests | outcome | what is said |", "| --- | --- | --- | --- |"]
    for case in CASES:
        said = "; ".join(text for text in case.says if text).replace("|", "/").replace("\\", "")
        options = "".join(f" `{name}={value}`" for name, value in case.options.items())
        rows.append(f"| `{case.name}` | {case.tests}{options} | {case.outcome} | {said} |")
    return "\n".join(rows) + "\n"


def test_the_list_is_up_to_date():
    # To renew it: python -m tests.corpus.test_corpus
    assert README.read_text().endswith("\n\n" + table())


if __name__ == "__main__":
    head = README.read_text().split("\n\n| file |")[0]
    README.write_text(head + "\n\n" + table())
