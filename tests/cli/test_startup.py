"""What a command costs before and around its work, in a process of its own."""

import os
import resource
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

HEAVY = ("tensorflow", "keras", "tf_keras", "matplotlib", "skimage", "onnx")


def cpu_seconds(arguments, tries=3) -> float:
    """CPU time of the process, not wall time: a busy machine must not fail the test. Best of a few: warm."""
    times = []
    for _ in range(tries):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run([sys.executable, "-m", "jpegpre_tf", *arguments], check=True, capture_output=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        times.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    return min(times)


def test_help_is_instant():
    assert cpu_seconds(["--help"]) < 0.5


def test_encoding_a_small_picture_takes_under_a_second(photo, tmp_path):
    assert cpu_seconds(["encode", str(photo), "-o", str(tmp_path / "x.jpg")]) < 1


@pytest.mark.parametrize("verb", ["encode", "preprocess"])
def test_no_heavy_import(verb, photo, tmp_path):
    target = tmp_path / ("x.jpg" if verb == "encode" else "x.png")
    program = (
        "import sys; from jpegpre_tf.cli.main import main; code = main(sys.argv[1:]); "
        f"heavy = set(sys.modules) & set({HEAVY!r}); sys.exit(f'imported {{heavy}}' if heavy else code)"
    )
    arguments = [verb, str(photo), "-o", str(target), "--quality", "75"]
    done = subprocess.run([sys.executable, "-c", program, *arguments], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    assert target.exists()


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="peak memory is read from /proc")
def test_a_12_megapixel_photo(photo, tmp_path):
    pixels = np.tile(np.asarray(Image.open(photo).convert("RGB")), (6, 7, 1))[:3000, :4000]
    Image.fromarray(pixels).save(tmp_path / "in.jpg", quality=92)
    # Peak memory from inside: what wait4 reports for a child includes its parent's memory before exec.
    program = (
        "import re, resource, sys\n"
        "from jpegpre_tf.cli.main import main\n"
        "code = main(['encode', 'in.jpg', '-o', 'out.jpg'])\n"
        "usage = resource.getrusage(resource.RUSAGE_SELF)\n"
        "peak = re.search(r'VmHWM:\\s+(\\d+) kB', open('/proc/self/status').read())\n"
        "print(int(peak[1]) * 1024, usage.ru_utime + usage.ru_stime, file=sys.stderr)\n"
        "sys.exit(code)\n"
    )
    environment = os.environ | {"PYTHONPATH": str(Path.cwd())}
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    peak_bytes, cpu = map(float, done.stderr.split())
    assert peak_bytes < 600e6
    # The aim is 250 ms per megapixel; twice that is allowed here, for slower and shared machines.
    assert cpu / 12 < 0.5


@pytest.mark.slow
def test_tensorflow_starts_without_a_word():
    program = (
        "import sys; from jpegpre_tf.cli.common.process.quiet import quiet_tensorflow; quiet_tensorflow(); "
        "print('still heard', file=sys.stderr); sys.exit('tensorflow' not in sys.modules)"
    )
    environment = {name: value for name, value in os.environ.items() if name != "TF_CPP_MIN_LOG_LEVEL"}
    done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "still heard\n")
