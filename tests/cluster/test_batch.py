"""Batches with the local engine: what is written, noted, skipped, retried and refused."""

import json
import os
import select
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from jpegpre_tf import cluster
from jpegpre_tf.cli.main import main
from jpegpre_tf.cluster.manifest import manifest_name
from jpegpre_tf.cluster.tasks import shard_of
from jpegpre_tf.errors import UsageError
from tests.cluster.archives import contents, small_photo

pytest.importorskip("fsspec", reason="needs the extra [cluster]")
pytest.importorskip("pyarrow", reason="needs the extra [cluster]")


def rows_of(folder: Path, name: str = "manifest.parquet") -> dict[str, cluster.Row]:
    return {row.source: row for row in cluster.read_manifest(cluster.Storage(str(folder)), name)}


def test_outputs_are_what_encode_writes_and_the_manifest_says_so(archive, tmp_path, capsys):
    assert main(["encode", str(archive), "-o", str(tmp_path / "encoded"), "--json"]) == 1
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    target = tmp_path / "batch"
    assert main(["batch", str(archive), str(target), "--jobs", "2", "--chunk", "3", "--json"]) == 1
    output = capsys.readouterr()
    summary = json.loads(output.out)
    assert output.err == (
        "jpegpre batch: error: cannot read 'a/broken.png': not a picture in a known format "
        "(JPEG, PNG, WEBP, TIFF, BMP, GIF, AVIF, PPM, HEIC)\n"
    )
    assert contents(target) == contents(tmp_path / "encoded")
    assert len(contents(target)) == 13
    rows = rows_of(target)
    assert sorted(rows) == sorted(
        str(path.relative_to(archive)) for path in archive.rglob("*.*g") if not path.name.startswith(".")
    )
    for one in lines:
        row = rows[str(Path(one["input"]).relative_to(archive))]
        if "error" in one:
            assert row.status == "failed" and row.error in one["error"].replace(f"{archive}/", "")
            continue
        assert row.status == ("kept" if one["copied"] else "encoded")
        assert row.edit_reason == one["edit_reason"]
        for name in ("width", "height", "size_bytes_input", "size_bytes_plain", "size_bytes"):
            assert getattr(row, name) == one[name]
        assert row.psnr_rgb_db == pytest.approx(one["psnr_rgb_db"], abs=1e-4)
        assert row.attempts == 1
    assert summary["pictures"] == 14 and summary["failed"] == 1
    assert summary["size_bytes"] == sum(row.size_bytes or 0 for row in rows.values())
    # Parts were merged; nothing temporary is left.
    assert [path.name for path in (target / "_jpegpre").iterdir()] == ["manifest.json"]


@pytest.mark.parametrize(
    ("options", "look"),
    [
        ([], "for the same look."),
        (["--tables", "standard"], "at the same quality."),
        (["--subsampling", "4:4:4"], "at the same quality."),
    ],
)
def test_the_last_sentence_says_at_what_sizes_are_compared(tmp_path, capsys, options, look):
    (tmp_path / "in").mkdir()
    with Image.open(Path(__file__).parents[1] / "pictures" / "gb82_girl.webp") as image:
        image.crop((300, 100, 428, 196)).save(tmp_path / "in" / "a.png")
    assert main(["batch", str(tmp_path / "in"), str(tmp_path / "out"), "--quality", "60", *options]) == 0
    assert " ".join(capsys.readouterr().out.split()).endswith(look)
    edits = {row.edit_reason is None for row in rows_of(tmp_path / "out").values()}
    assert edits == {"4:4:4" not in options}


def test_times_are_kept_on_request(archive, tmp_path, capsys):
    for path in archive.rglob("*.jpg"):
        os.utime(path, ns=(1_000_000_007, 981_173_106_123_456_789))
    assert main(["batch", str(archive), str(tmp_path / "out"), "--keep-times", "-q"]) == 1
    times = {
        path.stat().st_mtime_ns for path in (tmp_path / "out").rglob("*.jpg") if path.name != "clear.jpg"
    }
    assert times == {981_173_106_123_456_789}
    capsys.readouterr()
    assert main(["batch", str(archive), "memory://away", "--keep-times"]) == 2
    assert "omit --keep-times" in capsys.readouterr().err


def test_what_is_done_is_skipped_until_input_output_or_settings_change(archive, tmp_path):
    (archive / "a" / "broken.png").unlink()
    job = cluster.BatchJob(str(archive), str(tmp_path / "out"))
    first = cluster.run_batch(job)
    assert (first.encoded + first.kept, first.skipped, first.failed) == (13, 0, 0)
    written = {path: path.stat().st_mtime_ns for path in (tmp_path / "out").rglob("*.jpg")}
    assert cluster.run_batch(job).skipped == 13
    assert {path: path.stat().st_mtime_ns for path in (tmp_path / "out").rglob("*.jpg")} == written
    # Another content of the same size and time; a damaged output; a missing one.
    (archive / "00.jpg").write_bytes(small_photo(50))
    (tmp_path / "out" / "03.jpg").write_bytes(b"damaged")
    (tmp_path / "out" / "a" / "01.jpg").unlink()
    before = rows_of(tmp_path / "out")
    again = cluster.run_batch(job)
    assert (again.encoded, again.skipped) == (3, 10)
    after = rows_of(tmp_path / "out")
    assert len(after) == 13
    assert {name for name in after if after[name] != before[name]} == {"00.jpg", "03.jpg", "a/01.jpg"}
    assert {name for name in after if after[name].sha256 != before[name].sha256} == {"00.jpg"}
    other = cluster.BatchJob(str(archive), str(tmp_path / "out"), options=_options(quality=60))
    assert cluster.run_batch(other).encoded == 13


def _options(**fields):
    from jpegpre_tf.runtime import EncodeOptions

    return EncodeOptions(**fields)


def test_a_worker_that_is_killed_loses_nothing(archive, tmp_path):
    killed = set()

    def kill_once(row):
        if not killed:
            killed.add(row.worker)
            os.kill(int(row.worker.rpartition(":")[2]), signal.SIGKILL)

    job = cluster.BatchJob(str(archive), str(tmp_path / "out"), workers=2, chunk=2)
    summary = cluster.run_batch(job, kill_once)
    assert (summary.encoded + summary.kept, summary.failed, len(killed)) == (13, 1, 1)
    whole = tmp_path / "whole"
    cluster.run_batch(cluster.BatchJob(str(archive), str(whole), chunk=20))
    assert contents(tmp_path / "out") == contents(whole)
    workers = {row.worker for row in rows_of(tmp_path / "out").values()}
    assert len(workers) == 3  # the one that was killed, its successor and the other one


def test_a_picture_that_kills_workers_is_given_up_and_takes_no_other_with_it(archive, tmp_path, poison):
    (archive / "a" / "poison.jpg").write_bytes(small_photo(1))
    summary = cluster.run_batch(cluster.BatchJob(str(archive), str(tmp_path / "out"), chunk=20))
    assert (summary.encoded + summary.kept, summary.failed) == (13, 2)
    row = rows_of(tmp_path / "out")["a/poison.jpg"]
    assert row.error == "the worker died 3 times with 'a/poison.jpg'"
    assert row.attempts == 4  # one of them with its chunk
    assert {row.attempts for row in rows_of(tmp_path / "out").values()} == {2, 4}


# Kills itself when five rows are noted, as kill -9 would, and tells which workers it had.
_KILLED_RUN = """
import os, pathlib, signal, sys
from jpegpre_tf.cli.main import main
from jpegpre_tf.cluster import manifest
before, rows = manifest.Manifest.add, []
def add(self, row):
    before(self, row)
    rows.append(row)
    if len(rows) == 5:
        pid = os.getpid()
        children = pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text()
        told.write_text(children)
        os.kill(pid, signal.SIGKILL)
manifest.Manifest.add = add
if __name__ == "__main__":
    told = pathlib.Path(sys.argv.pop())
    sys.exit(main())
"""


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_a_killed_run_leaves_no_process_and_its_work_counts(archive, tmp_path):
    for number in range(12, 40):
        (archive / f"{number}.jpg").write_bytes(small_photo(number))
    (tmp_path / "killed.py").write_text(_KILLED_RUN)
    command = [sys.executable, str(tmp_path / "killed.py"), "batch", str(archive), str(tmp_path / "out")]
    told = tmp_path / "children"
    done = subprocess.run([*command, "--jobs", "2", "--chunk", "2", str(told)], capture_output=True)
    assert done.returncode == -signal.SIGKILL
    children = told.read_text().split()
    assert len(children) == 2
    wait_for_end(children)
    finished = contents(tmp_path / "out")
    assert len(finished) >= 4
    summary = cluster.run_batch(cluster.BatchJob(str(archive), str(tmp_path / "out"), workers=2))
    assert (summary.pictures, summary.failed) == (42, 1)
    whole = contents(tmp_path / "out")
    assert finished.items() <= whole.items() and len(whole) == 41


def wait_for_end(processes: list[str]) -> None:
    """Returns when none of the processes runs any more; fails where one is there for minutes."""
    for number in map(int, processes):
        try:
            descriptor = os.pidfd_open(number)
        except ProcessLookupError:
            continue
        ended, _, _ = select.select([descriptor], [], [], 300)
        os.close(descriptor)
        assert ended


def test_shards_share_the_pictures_out(archive, tmp_path):
    out = tmp_path / "out"
    for index in range(2):
        assert main(["batch", str(archive), str(out), "--jobs", "1", "--shard", f"{index}/2"]) in (0, 1)
    parts = [set(rows_of(out, manifest_name(index, 2))) for index in range(2)]
    assert not parts[0] & parts[1] and len(parts[0] | parts[1]) == 14
    assert all(shard_of(name, 2) == index for index in range(2) for name in parts[index])
    assert len(contents(out)) == 13


def test_two_pictures_for_one_output_are_both_refused(archive, tmp_path):
    (archive / "00.png").write_bytes((archive / "clear.png").read_bytes())
    summary = cluster.run_batch(cluster.BatchJob(str(archive), str(tmp_path / "out")))
    rows = rows_of(tmp_path / "out")
    assert summary.failed == 3 and rows["00.jpg"].error == (
        "'00.png' would be written to '00.jpg' too: --on-collision keep-suffix or number gives each a name"
    )
    assert "00.jpg" not in contents(tmp_path / "out")


def test_outputs_inside_the_input_are_no_input(archive):
    job = cluster.BatchJob(str(archive), str(archive / "a" / "out"))
    assert cluster.run_batch(job).pictures == 14
    assert cluster.run_batch(job).pictures == 14


def test_memory_storage_in_one_process(archive):
    import fsspec

    memory = fsspec.filesystem("memory")
    for name, content in contents(archive).items():
        memory.pipe_file(f"/in/{name}", content)
    summary = cluster.run_batch(cluster.BatchJob("memory://in", "memory://out", workers=2))
    assert summary.encoded + summary.kept == 12
    assert memory.cat_file("/out/a/b/02.jpg")[:2] == b"\xff\xd8"
    with pytest.raises(UsageError, match="inside one process"):
        cluster.run_batch(cluster.BatchJob("memory://in", "memory://out", engine="ray"))


@pytest.mark.parametrize(
    ("source", "target", "code", "message"),
    [
        ("{archive}", "{archive}", 2, "is or contains the input"),
        ("{archive}/a", "{archive}", 2, "is or contains the input"),
        ("{archive}/none", "{archive}-out", 1, "there is nothing of this name"),
        ("{archive}/notes.txt", "{archive}-out", 1, "expected a folder, found a file"),
        ("ftpx://host/photos", "{archive}-out", 2, "Protocol not known: ftpx"),
        ("{archive}", "{archive}/notes.txt/out", 1, "cannot write"),
    ],
)
def test_wrong_places_are_one_line(archive, capsys, source, target, code, message):
    arguments = [text.format(archive=archive) for text in (source, target)]
    assert main(["batch", *arguments]) == code
    error = capsys.readouterr().err
    assert message in error and error.count("\n") == 1


def test_a_full_or_read_only_target_stops_the_run(archive, tmp_path, capsys):
    for number in range(12, 60):
        (archive / f"{number}.jpg").write_bytes(small_photo(number))
    (tmp_path / "out" / "_jpegpre").mkdir(parents=True)
    # A file where a folder has to be: every write into it fails, whoever the user is.
    deep = archive / "deep"
    deep.mkdir()
    for number in range(40):
        (deep / f"{number}.jpg").write_bytes(small_photo(number))
    (tmp_path / "out" / "deep").write_text("a file")
    assert main(["batch", str(archive), str(tmp_path / "out"), "--jobs", "1"]) == 1
    lines = capsys.readouterr().err.splitlines()
    assert lines[-1].startswith("jpegpre: error: stopped after 5 pictures in a row: cannot write")
    assert len(lines) <= 7


def test_an_empty_archive_is_said(tmp_path, capsys):
    (tmp_path / "empty").mkdir()
    assert main(["batch", str(tmp_path / "empty"), str(tmp_path / "out")]) == 2
    assert "no pictures in" in capsys.readouterr().err


def test_scores_are_noted_on_request(archive, tmp_path):
    pytest.importorskip("ssimulacra2", reason="needs the extra [evaluate]")
    cluster.run_batch(cluster.BatchJob(str(archive / "a" / "b"), str(tmp_path / "out"), with_score=True))
    rows = rows_of(tmp_path / "out").values()
    assert all(50 < row.ssimulacra2 <= 100 for row in rows)
