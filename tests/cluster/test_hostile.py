"""What an archive may hold against whoever encodes it: names that lead elsewhere, places that are one."""

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from jpegpre_tf import cluster
from jpegpre_tf.cli.main import main
from jpegpre_tf.cluster import manifest_file
from jpegpre_tf.cluster.tasks import list_tasks
from jpegpre_tf.errors import UnsafeNameError, UsageError
from jpegpre_tf.storage.keys import refuse_key
from jpegpre_tf.storage.place import normalize_url
from jpegpre_tf.storage.storage import Storage
from tests.cluster.archives import contents, small_photo

HOSTILE = (
    "../up.jpg",
    "a/../../up.jpg",
    "/abs.jpg",
    "a//b.jpg",
    "./x.jpg",
    "a/./x.jpg",
    "nul\0.jpg",
    "..",
    "",
)


@pytest.fixture
def photos(tmp_path) -> Path:
    folder = tmp_path / "photos"
    (folder / "a").mkdir(parents=True)
    for number, name in enumerate(("x.jpg", "a/y.jpg")):
        (folder / name).write_bytes(small_photo(number))
    return folder


@pytest.mark.parametrize("how", ["{0}", "{0}/.", "{0}/a/..", "{1}/link", "{1}/link/../photos", "file://{0}"])
def test_one_place_written_in_many_ways_is_one_place(photos, tmp_path, capsys, how):
    (tmp_path / "link").symlink_to(photos)
    before = contents(photos)
    target = how.format(photos, tmp_path)
    assert main(["batch", str(photos), target]) == 2
    assert "is or contains the input" in capsys.readouterr().err
    assert main(["batch", str(photos / "a"), target]) == 2
    assert contents(photos) == before
    assert sorted(path.name for path in photos.iterdir()) == ["a", "x.jpg"]


def test_a_target_inside_the_source_is_no_input_however_it_is_written(photos, tmp_path):
    (tmp_path / "link").symlink_to(photos)
    for target in (photos / "out", tmp_path / "link" / "out"):
        assert cluster.run_batch(cluster.BatchJob(str(photos), str(target))).pictures == 2


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("s3://bucket/a", "s3a://bucket/a/"),
        ("s3://bucket/a", "s3://bucket//a/./"),
        ("http://Host/a%20b", "http://host:80/a b/x/.."),
        ("https://user:word@host/a", "https://host:443/a?x=1"),
        ("gs://b/x", "gcs://b/x"),
    ],
)
def test_one_url_written_in_two_ways_is_one(first, second):
    assert normalize_url(first) == normalize_url(second)
    assert normalize_url(first) != normalize_url(first + "b")


def test_an_empty_argument_is_no_folder(photos, capsys, monkeypatch):
    monkeypatch.chdir(photos)
    for arguments in (["", "out"], [".", ""]):
        assert main(["batch", *arguments]) == 2
        assert "Received: ''" in capsys.readouterr().err
    with pytest.raises(UsageError):
        Storage("")
    assert sorted(path.name for path in photos.iterdir()) == ["a", "x.jpg"]


@pytest.mark.parametrize("name", HOSTILE)
def test_no_storage_writes_a_name_that_leads_elsewhere(tmp_path, name):
    assert refuse_key(name)
    with pytest.raises(UnsafeNameError):
        Storage(str(tmp_path / "in")).write(name, b"x")
    assert not list(tmp_path.rglob("*.jpg"))


@pytest.mark.parametrize(
    "name", ["C:x.jpg", "C:/x.jpg", "a/b.jpg:x", ".. /x.jpg", "a/. ./x.jpg", "a\\... \\x.jpg"]
)
def test_names_that_lead_elsewhere_on_windows_alone(name):
    assert refuse_key(name, is_windows=True) and not refuse_key(name, is_windows=False)
    assert not refuse_key("a b/..c .jpg", is_windows=True)


@pytest.mark.parametrize("name", ["a/b.jpg", "..a/b..jpg", " x.jpg", "a b/\u65e5.jpg", "...jpg"])
def test_odd_names_that_lead_nowhere_are_written(tmp_path, name):
    assert refuse_key(name) == ""
    Storage(str(tmp_path)).write(name, b"x")
    assert (tmp_path / name).read_bytes() == b"x"


class Listing:
    """A storage's own listing, with whatever names."""

    protocol = "http"

    def __init__(self, names):
        self._names = names

    def ls(self, path, detail=True):
        kinds = {True: "directory", False: "file"}
        return [{"name": name, "type": kinds[name.endswith("/")], "size": 1} for name in self._names]


def test_hostile_names_of_a_listing_are_failed_rows(tmp_path, monkeypatch):
    """As an HTTP server may list them: nothing is dropped, nothing is followed."""
    root = "http://host/photos"
    names = [
        f"{root}/good.jpg",
        f"{root}/../up.jpg",
        f"{root}/..%2f/ok.jpg",
        "http://other/x.jpg",
        "/etc/y.jpg",
    ]
    names += [f"{root}/a//b.jpg", f"{root}/../"]
    monkeypatch.setattr("jpegpre_tf.storage.storage._open_remote", lambda url, _: (Listing(names), root))
    source, target = Storage(root), Storage(str(tmp_path / "out"))
    tasks = [task for _, tasks in list_tasks(source, target) for task in tasks]
    assert len(tasks) == len(names)
    assert sorted(task.source for task in tasks if not task.refusal) == ["..%2f/ok.jpg", "good.jpg"]
    for task in tasks:
        if task.refusal:
            assert task.source in task.refusal


def test_hostile_object_keys_end_as_failed_rows_and_nothing_is_outside(tmp_path):
    fsspec = pytest.importorskip("fsspec", reason="needs the extra [cluster]")
    memory = fsspec.filesystem("memory")
    if memory.exists("/hostile"):
        memory.rm("/hostile", recursive=True)
    keys = {"good.jpg": 0, "../../up.jpg": 1, "a/../../../up.jpg": 2, "a/ok.jpg": 3}
    for key, number in keys.items():
        memory.pipe_file("/hostile/in/x.jpg", small_photo(number))
        memory.store[f"/hostile/in/{key}"] = memory.store.pop("/hostile/in/x.jpg")
    target = tmp_path / "deep" / "out"
    rows = []
    summary = cluster.run_batch(cluster.BatchJob("memory://hostile/in", str(target)), rows.append)
    assert sorted(contents(tmp_path)) == ["deep/out/a/ok.jpg", "deep/out/good.jpg"]
    assert summary.encoded + summary.kept == 2 and summary.failed >= 1
    assert {row.source for row in cluster.read_manifest(Storage(str(target)))} == {row.source for row in rows}


def test_names_that_fold_together_are_refused_where_the_target_folds(photos, tmp_path):
    (photos / "X.png").write_bytes(small_photo(5))
    (photos / "A").mkdir()
    (photos / "A" / "z.jpg").write_bytes(small_photo(6))
    source, target = Storage(str(photos)), Storage(str(tmp_path / "out"))
    for folds, refused in ((False, set()), (True, {"X.png", "x.jpg", "a/y.jpg"})):
        listed = list_tasks(source, target, folds_names=folds)
        assert {task.source for _, tasks in listed for task in tasks if task.refusal} == refused


@pytest.mark.parametrize(
    ("on_collision", "written", "failed"),
    [
        ("refuse", {"a/y.jpg"}, 2),
        ("keep-suffix", {"a/y.jpg", "x.jpg", "x.png.jpg"}, 0),
        ("number", {"a/y.jpg", "x.jpg", "x-2.jpg"}, 0),
        ("skip", {"a/y.jpg", "x.jpg"}, 0),
    ],
)
def test_two_pictures_of_one_name(photos, tmp_path, on_collision, written, failed):
    (photos / "x.png").write_bytes(small_photo(5))
    job = cluster.BatchJob(str(photos), str(tmp_path / "out"), on_collision=on_collision)
    assert cluster.run_batch(job).failed == failed
    assert set(contents(tmp_path / "out")) == written
    assert len(cluster.read_manifest(Storage(str(tmp_path / "out")))) == 3  # the one left out has its row too


@pytest.mark.skipif(sys.platform != "linux", reason="file names are text here")
@pytest.mark.parametrize("suffix", manifest_file.SUFFIXES)
def test_a_name_that_is_no_text_has_its_row(photos, tmp_path, monkeypatch, suffix):
    if suffix == manifest_file.PARQUET:
        pytest.importorskip("pyarrow", reason="needs the extra [cluster]")
    for module in ("manifest", "manifest_file"):
        monkeypatch.setattr(f"jpegpre_tf.cluster.{module}.preferred_suffix", lambda: suffix)
    name = os.fsdecode(b"\xff\n.jpg")
    (photos / name).write_bytes(small_photo(7))
    job = cluster.BatchJob(str(photos), str(tmp_path / "out"))
    assert cluster.run_batch(job).failed == 0
    assert (tmp_path / "out" / name).is_file()
    assert "\\xff\n.jpg" in {row.source for row in cluster.read_manifest(Storage(str(tmp_path / "out")))}
    assert cluster.run_batch(job).skipped == 3


def test_a_manifest_of_either_kind_counts(photos, tmp_path, monkeypatch):
    pytest.importorskip("pyarrow", reason="needs the extra [cluster]")
    job = cluster.BatchJob(str(photos), str(tmp_path / "out"))
    for suffix in (manifest_file.LINES, manifest_file.PARQUET):
        for module in ("manifest", "manifest_file"):
            monkeypatch.setattr(f"jpegpre_tf.cluster.{module}.preferred_suffix", lambda suffix=suffix: suffix)
        (photos / f"{suffix[1:]}.jpg").write_bytes(small_photo(len(suffix)))
        assert cluster.run_batch(job).encoded + cluster.run_batch(job).kept <= 3
        names = [path.name for path in (tmp_path / "out").glob("manifest.*")]
        assert names == [f"manifest{suffix}"]
    assert len(cluster.read_manifest(Storage(str(tmp_path / "out")))) == 4


def test_local_archives_need_no_further_package(photos, tmp_path):
    code = (
        "import sys; sys.modules.update(dict.fromkeys(('fsspec', 'pyarrow', 'ray', 's3fs', 'botocore')));"
        "from jpegpre_tf.cluster import manifest, manifest_file; import importlib.util;"
        "importlib.util.find_spec = lambda name: None;"
        "from jpegpre_tf.cli.main import main; sys.exit(main(sys.argv[1:]))"
    )
    command = [sys.executable, "-c", code, "batch", str(photos), str(tmp_path / "out"), "--jobs", "1"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    assert set(contents(tmp_path / "out")) == {"x.jpg", "a/y.jpg"}
    assert len((tmp_path / "out" / "manifest.jsonl").read_text().splitlines()) == 2


def test_jobs_are_bounded_and_no_process_starts_without_work(photos, tmp_path, capsys, monkeypatch):
    started = []
    from jpegpre_tf.cluster import local_engine

    class Counted(local_engine.WorkerProcess):
        def __init__(self, job):
            started.append(job.workers)
            super().__init__(job)

    monkeypatch.setattr(local_engine, "WorkerProcess", Counted)
    monkeypatch.setattr("jpegpre_tf.cli.common.arguments.shared_arguments.usable_cores", lambda: 3)
    assert main(["batch", str(photos), str(tmp_path / "out"), "--jobs", "500"]) == 0
    assert "note: --jobs 500: 6 are started" in capsys.readouterr().err
    assert started == [6]  # two pictures are one chunk


def test_an_unreadable_folder_takes_no_other_with_it(photos, tmp_path, monkeypatch, capsys):
    (photos / "locked").mkdir()
    (photos / "locked" / "z.jpg").write_bytes(small_photo(1))
    real = os.scandir

    def scandir(path):
        if str(path).endswith("locked"):
            raise PermissionError(13, "Permission denied", str(path))
        return real(path)

    monkeypatch.setattr(os, "scandir", scandir)
    assert main(["batch", str(photos), str(tmp_path / "out"), "--jobs", "1"]) == 1
    assert "'locked/' is refused" in (error := capsys.readouterr().err) and "ermission denied" in error
    assert set(contents(tmp_path / "out")) == {"x.jpg", "a/y.jpg"}
    assert {row.status for row in cluster.read_manifest(Storage(str(tmp_path / "out")))} == {
        "encoded",
        "failed",
    }


def test_outputs_are_no_more_open_than_their_inputs(photos, tmp_path):
    (photos / "x.jpg").chmod(0o600)
    cluster.run_batch(cluster.BatchJob(str(photos), str(tmp_path / "out")))
    assert stat.S_IMODE((tmp_path / "out" / "x.jpg").stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "out" / "a" / "y.jpg").stat().st_mode) == 0o666 & ~_umask()


def _umask() -> int:
    value = os.umask(0)
    os.umask(value)
    return value


def test_a_dry_run_writes_nothing(photos, tmp_path, capsys):
    (photos / "x.png").write_bytes(small_photo(5))
    assert main(["batch", str(photos), str(tmp_path / "out"), "--dry-run", "--on-collision", "number"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "x.jpg -> x.jpg",
        "x.png -> x-2.jpg",
        "a/y.jpg -> a/y.jpg",
    ]
    assert not (tmp_path / "out").exists()


def test_originals_in_a_folder_inside_the_input_are_not_replaced(photos, tmp_path, capsys):
    before = contents(photos)
    assert main(["batch", str(photos), str(photos / "a")]) == 2
    assert "no run wrote" in capsys.readouterr().err
    assert contents(photos) == before
