"""Runs that were killed, and runs that are done again: `--resume`."""

import json
import shutil
import signal

import pytest

from jpegpre_tf.cli.main import main
from tests.cli.pictures.runs import JOURNAL, contents, signalled_run


@pytest.mark.parametrize("is_in_place", [False, True])
def test_killed_and_resumed_is_as_if_nothing_had_been(photos, tmp_path, is_in_place, capsys):
    for number in range(6, 40):
        shutil.copy(photos / f"{number % 6}.jpg", photos / f"{number}.jpg")
    expected = tmp_path / "expected"
    assert main(["encode", str(photos), "-o", str(expected)]) == 0
    lines = capsys.readouterr().out.splitlines()
    out = photos if is_in_place else tmp_path / "out"
    where = ["--in-place"] if is_in_place else ["-o", str(out)]
    before = contents(photos)
    done = signalled_run(signal.SIGKILL, 7, str(photos), *where)
    assert done.returncode == -signal.SIGKILL
    finished = contents(out)
    # Every file is a whole one: the old or the new.
    assert all(digest in (before.get(name), contents(expected)[name]) for name, digest in finished.items())
    times = {path: path.stat().st_mtime_ns for path in out.glob("*.jpg")}
    with (out / JOURNAL).open("ab") as journal:
        journal.write(b'{"run": "cut o')
    (out / ".jpegpre-0123456789abcdef.tmp").write_bytes(b"left by another system")
    assert main(["encode", str(photos), *where, "--resume"]) == 0
    assert contents(out) == contents(expected)
    untouched = [path for path, at in times.items() if path.stat().st_mtime_ns == at]
    assert len(untouched) >= 4
    # The table is the one of an uninterrupted run.
    resumed = [line for line in capsys.readouterr().out.splitlines() if not line.startswith(str(tmp_path))]
    assert resumed == [line for line in lines if not line.startswith(str(tmp_path))]


@pytest.mark.parametrize("is_in_place", [False, True])
def test_a_finished_run_is_not_done_again(photos, tmp_path, is_in_place, capsys):
    out = photos if is_in_place else tmp_path / "out"
    where = ["--in-place"] if is_in_place else ["-o", str(out)]
    assert main(["encode", str(photos), *where]) == 0
    first, table = contents(out), capsys.readouterr().out
    times = {path: path.stat().st_mtime_ns for path in out.glob("*.jpg")}
    for _ in range(2):
        assert main(["encode", str(photos), *where, "--resume"]) == 0
        output = capsys.readouterr()
        assert (
            "note: 6 of 6 pictures had been done by a run with the same options: nothing to do" in output.err
        )
        assert output.out == table and contents(out) == first
    assert {path: path.stat().st_mtime_ns for path in out.glob("*.jpg")} == times
    (out / "3.jpg").unlink()
    if not is_in_place:
        assert main(["encode", str(photos), *where, "--resume"]) == 0
        assert "note: 5 of 6 pictures had been done by" in capsys.readouterr().err and contents(out) == first
    # Without --resume everything is done again.
    assert main(["encode", str(photos), *where]) == 0
    assert not any((out / "0.jpg").stat().st_mtime_ns == time for time in times.values()) or is_in_place
    assert main(["encode", str(photos), "-o", str(tmp_path / "new"), "--resume"]) == 0
    assert "note: nothing had been done by a run with the same options\n" in capsys.readouterr().err


def test_resume_tells_the_psnr_that_the_first_run_did_not(photos, tmp_path, capsys):
    def told(folder: str) -> list[float]:
        assert main(["encode", str(photos), "-o", str(tmp_path / folder), "--resume", "--json"]) == 0
        rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
        return [row[key] for row in rows for key in ("psnr_rgb_db", "psnr_rgb_plain_db")]

    where = [str(photos), "-o", str(tmp_path / "out")]
    assert main(["encode", *where]) == 0
    first = contents(tmp_path / "out")
    capsys.readouterr()
    expected = told("other")
    assert len(expected) == 12 and any(value is not None and value > 20 for value in expected)
    assert told("out") == expected  # measured
    assert told("out") == expected  # remembered
    assert main(["encode", *where, "--resume"]) == 0
    assert "note: 6 of 6 pictures had been done" in capsys.readouterr().err
    assert contents(tmp_path / "out") == first


def test_another_runs_files_are_not_taken_for_finished(photos, tmp_path):
    out = tmp_path / "out"
    assert main(["encode", str(photos), "-o", str(out), "--quality", "30"]) == 0
    first = contents(out)
    (photos / "1.jpg").touch()  # changed since
    (out / "2.jpg").write_bytes(b"damaged")
    assert main(["encode", str(photos), "-o", str(out), "--quality", "30", "--resume"]) == 0
    assert contents(out) == first
    assert main(["encode", str(photos), "-o", str(out), "--quality", "60", "--resume"]) == 0
    third = contents(out)
    assert all(third[f"{number}.jpg"] != first[f"{number}.jpg"] for number in range(6))
