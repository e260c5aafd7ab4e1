"""The Ray engine: the same files and rows as the local one, whatever dies."""

import os
import signal

import pytest

from jpegpre_tf import cluster
from jpegpre_tf.cli.main import main
from tests.cluster.archives import contents, small_photo

ray = pytest.importorskip("ray", reason="needs the extra [cluster]")
pytest.importorskip("fsspec", reason="needs the extra [cluster]")

SAME = (
    "status",
    "error",
    "width",
    "quality",
    "size_bytes",
    "size_bytes_plain",
    "psnr_rgb_db",
    "sha256",
    "notes",
)


def rows_of(folder) -> dict[str, cluster.Row]:
    return {row.source: row for row in cluster.read_manifest(cluster.Storage(str(folder)))}


@pytest.mark.slow
def test_actors_that_die_lose_nothing_and_results_are_the_local_engines(archive, tmp_path, poison):
    """One actor is killed from outside, and one picture kills whatever actor comes to it."""
    cluster.run_batch(cluster.BatchJob(str(archive), str(tmp_path / "local")))
    (archive / "a" / "poison.jpg").write_bytes(small_photo(1))
    killed = set()

    def kill_once(row):
        if not killed:
            killed.add(row.worker)
            os.kill(int(row.worker.rpartition(":")[2]), signal.SIGKILL)

    job = cluster.BatchJob(str(archive), str(tmp_path / "ray"), engine="ray", workers=2, chunk=2)
    summary = cluster.run_batch(job, kill_once)
    assert (summary.encoded + summary.kept, summary.failed, len(killed)) == (13, 2, 1)
    assert not ray.is_initialized()
    assert contents(tmp_path / "ray") == contents(tmp_path / "local")
    local, on_ray = rows_of(tmp_path / "local"), rows_of(tmp_path / "ray")
    given_up = on_ray.pop("a/poison.jpg")
    assert given_up.error == "the worker died 3 times with 'a/poison.jpg'"
    assert given_up.attempts == 4 and {row.attempts for row in on_ray.values()} == {1, 2}
    assert local.keys() == on_ray.keys()
    for name, row in local.items():
        assert [getattr(row, key) for key in SAME] == [getattr(on_ray[name], key) for key in SAME]
    # Either engine goes on where the other stopped.
    (tmp_path / "ray" / "00.jpg").unlink()
    (archive / "a" / "poison.jpg").unlink()
    again = cluster.run_batch(cluster.BatchJob(str(archive), str(tmp_path / "ray")))
    assert (again.encoded + again.kept, again.skipped) == (1, 12)


def test_a_cluster_that_is_not_there_is_one_line(archive, tmp_path, capfd, monkeypatch):
    monkeypatch.setenv("RAY_ADDRESS", "127.0.0.1:1")
    assert main(["batch", str(archive), str(tmp_path / "out"), "--engine", "ray"]) == 1
    error = capfd.readouterr().err
    assert "cannot start or reach Ray at RAY_ADDRESS=127.0.0.1:1" in error and error.count("\n") == 1
