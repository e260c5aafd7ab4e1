import hashlib
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from jpegpre_tf.cli.main import main
from jpegpre_tf.errors import UsageError
from jpegpre_tf.runtime.inference.load import usable_cores

PICTURES = Path(__file__).parents[2] / "pictures"
MODEL = Path(__file__).parents[2] / "evaluation/data/averaging.tflite"


@pytest.fixture
def folder(tmp_path):
    target = tmp_path / "pictures"
    target.mkdir()
    for path in sorted(PICTURES.glob("gb82*.webp")):
        with Image.open(path) as picture:
            picture.convert("RGB").crop((200, 200, 328, 328)).save(target / f"{path.stem}.png")
    return target


def run(folder, tmp_path, *options):
    output = ["-o", str(tmp_path / "report"), "--cache", str(tmp_path / "cache"), "--jobs", "1"]
    return main(["evaluate", str(folder), *output, *options])


def test_profile_with_json(folder, tmp_path, capsys):
    quick = ("--controls", "none", "--metrics", "psnr_y,ssimulacra2", "--qualities", "10,25,50,80")
    assert run(folder, tmp_path, "--profile", str(MODEL), "--json", *quick) == 0
    out, err = capsys.readouterr()
    result = json.loads(out)
    assert result["pictures"] == 2
    (candidate,) = result["candidates"]
    assert candidate["label"] == "data/averaging.tflite"
    assert set(candidate["bd_rate"]) == {"psnr_y", "ssimulacra2"}
    assert "report in" in err
    stored = json.loads((tmp_path / "report" / "results.json").read_text())
    assert stored["candidates"][0]["bd_rate"] == candidate["bd_rate"]
    assert (tmp_path / "report" / "index.html").exists()


def test_before_an_encoder_of_ones_own_it_is_compared_with_that_encoder_alone(folder, tmp_path, capsys):
    script = tmp_path / "encoder.py"
    script.write_text(
        "import sys\nfrom PIL import Image\n"
        "Image.open(sys.argv[1]).save(sys.argv[2], 'JPEG', quality=int(sys.argv[3]), optimize=True, progressive=True)\n"
    )
    command = f"{sys.executable} {script} {{in}} {{out}} {{quality}}"
    quick = (
        "--controls",
        "none",
        "--metrics",
        "psnr_y",
        "--qualities",
        "15,30,50,80",
        "--limit",
        "1",
        "--json",
    )
    rates = {}
    for reference in ([], ["--reference", "libjpeg-turbo"]):
        options = ["--filter", "identity", "--encoder", command, *reference]
        assert run(folder, tmp_path, *options, *quick) == 0
        (candidate,) = json.loads(capsys.readouterr().out)["candidates"]
        rates[bool(reference)] = candidate["bd_rate"]["psnr_y"]["0.2-1.5"]["mean"]
    # The encoder alone is what an untouched picture gives; progressive files are not as large as baseline ones.
    assert rates[False] == pytest.approx(0, abs=1e-9) and rates[True] != pytest.approx(0, abs=0.01)
    report = (tmp_path / "report" / "index.html").read_text()
    assert "against the same reference, plain libjpeg-turbo" in report


def test_controls_come_with_every_report(folder, tmp_path, capsys):
    assert (
        run(folder, tmp_path, "--filter", "bilateral", "--metrics", "psnr_y", "--qualities", "10,25,50,80")
        == 0
    )
    rows = [line.split("  ")[0] for line in capsys.readouterr().out.splitlines()[2:-1]]
    assert rows == [
        "bilateral filter",
        "guided filter r=2",
        "area opening/closing",
        "MozJPEG trellis, Annex K, baseline",
        "MozJPEG",
        "jpegli (jpegli_set_quality, two tables, baseline)",
    ]


def test_without_a_choice_it_evaluates_the_default_model(folder, tmp_path, capsys):
    assert (
        run(folder, tmp_path, "--controls", "none", "--metrics", "psnr_y", "--qualities", "10,25,50,80") == 0
    )
    assert capsys.readouterr().out.splitlines()[2].startswith("balanced ")


def test_bad_picture_gives_exit_code_1_and_one_line(folder, tmp_path, capsys):
    (folder / "broken.png").write_bytes(b"nothing")
    quick = ("--controls", "none", "--metrics", "psnr_y", "--against", "webp")
    assert run(folder, tmp_path, *quick) == 1
    out, err = capsys.readouterr()
    assert "WebP" in out
    failed = [line for line in err.splitlines() if "error" in line]
    assert len(failed) == 1 and failed[0].startswith("jpegpre evaluate: error: broken: ")


def test_options_mean_what_they_mean_in_encode(folder, tmp_path, capsys):
    clear = Image.new("RGBA", (64, 64), (0, 0, 0, 0))
    clear.paste(Image.effect_noise((64, 32), 60), (0, 32))
    clear.save(folder / "clear.png")
    quick = ("--controls", "none", "--metrics", "psnr_y", "--qualities", "10,25,50,80", "--against", "webp")
    assert run(folder, tmp_path, *quick, "--background", "red", "--max-pixels", "10000", "-q") == 1
    out, err = capsys.readouterr()
    assert out == "" and err.count("error") == err.count("\n") == 2  # the photos are larger
    results = json.loads((tmp_path / "report" / "results.json").read_text())
    expected = hashlib.sha256(b"64x64" + np.asarray(red_below(clear)).tobytes()).hexdigest()
    assert [picture["sha256"] for picture in results["pictures"]] == [expected]


def red_below(clear):
    red = Image.new("RGBA", clear.size, "red")
    return Image.alpha_composite(red, clear).convert("RGB")


@pytest.mark.skipif(os.name == "nt", reason="Ctrl-C is sent as a POSIX signal")
@pytest.mark.parametrize("jobs", ["1", "2"])
def test_ctrl_c_ends_it_from_the_middle_of_a_long_call(folder, tmp_path, jobs):
    """A metric that takes hours, in C, where Python cannot raise KeyboardInterrupt."""
    hook = """
import hashlib, sys
from pathlib import Path
class Finder:
    def find_spec(self, name, path, target=None):
        if name == "jpegpre_tf.evaluation.points.worker":
            sys.meta_path.remove(self)
            from jpegpre_tf.evaluation.metrics import METRICS
            def score(self, original, decoded):
                Path(MARK).touch()
                hashlib.pbkdf2_hmac("sha256", b"", b"", 2_000_000_000)
            METRICS["psnr_y"].score = score
sys.meta_path.insert(0, Finder())
"""
    mark = tmp_path / "busy"
    (tmp_path / "hook").mkdir()
    (tmp_path / "hook" / "sitecustomize.py").write_text(hook.replace("MARK", repr(str(mark))))
    arguments = ["-o", str(tmp_path / "report"), "--cache", str(tmp_path / "cache"), "--jobs", jobs]
    arguments += ["--controls", "none", "--metrics", "psnr_y", "--against", "webp"]
    path = os.pathsep.join([str(tmp_path / "hook"), str(Path(__file__).parents[3])])
    process = subprocess.Popen(
        [sys.executable, "-m", "jpegpre_tf", "evaluate", str(folder), *arguments],
        env=os.environ | {"PYTHONPATH": path},
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        # A run in the background ignores the signal, and so would what it starts.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    while not mark.exists() and process.poll() is None:
        time.sleep(0.05)
    os.killpg(process.pid, signal.SIGINT)
    try:
        _, err = process.communicate(timeout=60)
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
    assert process.returncode == 130
    assert err.startswith("jpegpre: interrupted: 0 of 48 points") and err.count("\n") == 1
    assert "the same command goes on from there" in err
    # Nothing is left of it.
    with pytest.raises(ProcessLookupError):
        for _ in range(100):
            os.killpg(process.pid, 0)
            time.sleep(0.05)


@pytest.mark.parametrize(
    ("options", "code", "message"),
    [
        (["--against", "guetzli"], 2, "guetzli"),
        (["--filter", "sharpen"], 2, "sharpen"),
        (["--metrics", "lpips"], 2, "lpips"),
        (["--qualities", "10,x"], 2, "10,x"),
        (["--qualities", "10,20"], 2, "at least 4"),
        (["--strength", "2", "--profile", str(MODEL)], 2, "strength"),
        (["--profile", str(MODEL), "--precision", "int8"], 2, "one file"),
        (["--profile", "nosuch"], 2, "nosuch"),
        (["--jobs", "0"], 2, "jobs"),
        (["--limit", "0"], 2, "limit"),
    ],
)
def test_errors_are_one_line(folder, tmp_path, capsys, options, code, message):
    assert run(folder, tmp_path, *options) == code
    lines = capsys.readouterr().err.strip().splitlines()
    assert len(lines) == 1
    assert lines[0].startswith(("jpegpre: error:", "jpegpre evaluate: error:")) and message in lines[0]


def test_output_that_cannot_be_written_is_noticed_before_the_work(folder, tmp_path, capsys):
    (tmp_path / "report").write_text("a file")
    assert run(folder, tmp_path, "--against", "webp") == 1
    assert capsys.readouterr().err.startswith("jpegpre: error: cannot write")
    assert not (tmp_path / "cache").exists()


def test_missing_folder(tmp_path, capsys):
    assert run(tmp_path / "missing", tmp_path, "--against", "webp") == 2
    assert "missing" in capsys.readouterr().err


def test_jobs_are_bounded(monkeypatch, tmp_path, capsys):
    given = []

    def evaluate(config, progress):
        given.append(config.jobs)
        raise UsageError("seen")

    monkeypatch.setattr("jpegpre_tf.evaluation.evaluate.evaluate", evaluate)
    arguments = ["evaluate", str(tmp_path), "-o", str(tmp_path / "report"), "--controls", "none"]
    assert main([*arguments, "--jobs", "500"]) == 2
    assert given == [2 * usable_cores()] and "--jobs 500" in capsys.readouterr().err
