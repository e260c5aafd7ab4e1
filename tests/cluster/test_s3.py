"""Object storage through a real S3 server: what is written, and what goes wrong, in one clear line."""

import os
import socket
import subprocess
import sys
import threading
import time
import urllib.request

import pytest

from jpegpre_tf import cluster
from jpegpre_tf.cli.main import main
from jpegpre_tf.errors import StorageError
from tests.cluster.archives import contents, small_photo

pytest.importorskip("s3fs", reason="needs the extra [cluster]")
pytest.importorskip("moto", reason="needs the extra [test]")


def objects(s3, bucket: str, prefix: str = "") -> dict[str, str]:
    """Key -> ETag."""
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
    return {entry["Key"]: entry["ETag"] for page in pages for entry in page.get("Contents", [])}


class Relay:
    """A TCP server before another one, or before nothing: counts connections, and can break them off.

    Args:
        to_port: Of the server behind; None answers nothing and hangs up.
        cut_after_bytes: What clients may send on one connection; then it goes silent.
    """

    def __init__(self, to_port: int | None, cut_after_bytes: int | None = None) -> None:
        self._to_port = to_port
        self._left = cut_after_bytes
        self.connections = 0
        self.is_cut = threading.Event()
        self._server = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._server.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._server.accept()
            except OSError:
                return
            self.connections += 1
            if self._to_port is None:
                client.close()
                continue
            server = socket.create_connection(("127.0.0.1", self._to_port))
            threading.Thread(target=self._pump, args=(client, server, self._left), daemon=True).start()
            threading.Thread(target=self._pump, args=(server, client, None), daemon=True).start()

    def _pump(self, source: socket.socket, target: socket.socket, left: int | None) -> None:
        try:
            while data := source.recv(65536):
                if left is not None:
                    data, left = data[:left], left - len(data)
                target.sendall(data)
                if left is not None and left <= 0:
                    self.is_cut.set()
                    return  # keeps both ends open, and carries nothing any more
        except OSError:
            pass
        finally:
            if left is None or left > 0:
                for end in (source, target):
                    end.close()

    def close(self) -> None:
        self._server.close()


def test_an_archive_in_s3_gives_the_files_of_encode(s3, archive, tmp_path):
    for path in archive.rglob("*.*"):
        if path.is_file():
            s3.upload_file(str(path), "photos", f"in/{path.relative_to(archive)}")
    main(["encode", str(archive), "-o", str(tmp_path / "encoded")])
    job = cluster.BatchJob("s3://photos/in", "s3://photos/out", workers=2, chunk=4)
    first = cluster.run_batch(job)
    assert (first.encoded + first.kept, first.failed) == (13, 1)
    written = objects(s3, "photos", "out/")
    found = {
        key.removeprefix("out/"): s3.get_object(Bucket="photos", Key=key)["Body"].read()
        for key in written
        if key.endswith(".jpg")
    }
    assert found == contents(tmp_path / "encoded")
    assert sorted(set(written) - {f"out/{name}" for name in found}) == [
        "out/_jpegpre/manifest.json",
        "out/manifest.parquet",
    ]
    rows = {row.source: row for row in cluster.read_manifest(cluster.Storage("s3://photos/out"))}
    assert all(
        rows[name].etag == written[f"out/{rows[name].target}"].strip('"')
        for name in rows
        if rows[name].status != "failed"
    )
    # What the listings show to be done is not even read.
    received = []
    again = cluster.run_batch(job, received.append)
    assert (again.skipped, again.failed, [row.source for row in received]) == (13, 1, ["a/broken.png"])
    s3.put_object(Bucket="photos", Key="in/00.jpg", Body=small_photo(77))
    s3.put_object(Bucket="photos", Key="out/03.jpg", Body=b"damaged")
    s3.delete_object(Bucket="photos", Key="out/a/01.jpg")
    assert cluster.run_batch(job).encoded == 3


def test_an_interrupted_upload_leaves_no_object_and_does_not_touch_the_old_one(s3, s3_server):
    relay = Relay(int(s3_server.rpartition(":")[2]), cut_after_bytes=3_000_000)
    s3.put_object(Bucket="photos", Key="old.bin", Body=b"old")
    program = (
        "import sys; from jpegpre_tf.cluster import Storage\n"
        "Storage('s3://photos').write(sys.argv[1], bytes(20_000_000))"
    )
    for name in ("new.bin", "old.bin"):
        relay.is_cut.clear()
        process = subprocess.Popen(
            [sys.executable, "-c", program, name],
            env={**os.environ, "AWS_ENDPOINT_URL": relay.url},
            stderr=subprocess.DEVNULL,
        )
        assert relay.is_cut.wait(60)  # 3 of 20 MB are through
        process.kill()
        process.wait()
    relay.close()
    time.sleep(0.5)
    assert objects(s3, "photos").keys() == {"old.bin"}
    assert s3.get_object(Bucket="photos", Key="old.bin")["Body"].read() == b"old"
    assert not s3.list_multipart_uploads(Bucket="photos").get("Uploads")
    # The same, whole, by the way that was cut: the size is not what stopped it.
    cluster.Storage("s3://photos").write("new.bin", bytes(20_000_000))
    assert s3.head_object(Bucket="photos", Key="new.bin")["ContentLength"] == 20_000_000


def ask_who_is_there(server: str, after: bytes) -> None:
    """Makes the server check keys and policies after so many requests."""
    headers = {"Content-Type": "text/plain"}
    request = urllib.request.Request(f"{server}/moto-api/reset-auth", after, headers, method="POST")
    urllib.request.urlopen(request).close()


def said(capsys, *arguments: str) -> str:
    """The one line that a failing run prints."""
    assert main(["batch", *arguments]) == 1
    error = capsys.readouterr().err
    assert error.count("\n") == 1 and error.startswith("jpegpre: error: ")
    return error


def test_wrong_bucket_missing_credentials_and_denied_permission_are_one_line(
    s3, s3_server, archive, capsys, monkeypatch
):
    for source, target in (("s3://nowhere/x", "s3://photos/out"), (str(archive), "s3://nowhere/out")):
        assert "'s3://nowhere/" in (error := said(capsys, source, target))
        assert "no such bucket" in error or "nothing of this name" in error
    assert "nothing of this name" in said(capsys, "s3://photos/nothing", "s3://photos/out")
    with pytest.raises(StorageError, match="nothing of this name") as raised:
        cluster.Storage("s3://photos").read("nothing.jpg")
    assert raised.value.is_missing
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    assert "no credentials were found" in said(capsys, "s3://photos/in", "s3://photos/out")
    # From here on the server asks who is there: a key that it does not know, then a user who may do nothing.
    import boto3

    keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
    iam = boto3.client("iam", region_name="us-east-1", **keys)
    iam.create_user(UserName="nobody")
    key = iam.create_access_key(UserName="nobody")["AccessKey"]
    ask_who_is_there(s3_server, after=b"0")
    try:
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAUNKNOWN")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "unknown")
        error = said(capsys, "s3://photos/in", "s3://photos/out")
        assert "permission denied (InvalidAccessKeyId)" in error
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", key["AccessKeyId"])
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", key["SecretAccessKey"])
        assert "permission denied (AccessDenied)" in said(capsys, "s3://photos/in", "s3://photos/out")
        assert "permission denied" in said(capsys, str(archive), "s3://photos/out")
    finally:
        ask_who_is_there(s3_server, after=b"inf")


def test_an_unreachable_host_is_said_soon_after_few_tries(s3, archive, capsys, monkeypatch):
    closed = socket.create_server(("127.0.0.1", 0))
    port = closed.getsockname()[1]
    closed.close()
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{port}")
    start = time.monotonic()
    assert "the host cannot be reached" in said(capsys, "s3://photos/in", "s3://photos/out")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://no-such-host.invalid")
    assert "the host cannot be reached" in said(capsys, "s3://photos/in", "s3://photos/out")
    # One that hangs up on everybody: every connection is counted.
    relay = Relay(None)
    monkeypatch.setenv("AWS_ENDPOINT_URL", relay.url)
    command = [sys.executable, "-m", "jpegpre_tf", "batch", str(archive), "s3://photos/out"]
    done = subprocess.run(command, capture_output=True, text=True)
    relay.close()
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    # Which of the two it is depends on when the client notices.
    assert "the connection broke" in done.stderr or "the host cannot be reached" in done.stderr
    # Three tries of botocore's, twice by s3fs, each with one more of aiohttp's at once.
    assert 1 <= relay.connections <= 12
    assert time.monotonic() - start < 120


def test_a_storage_that_goes_away_ends_the_run_and_what_was_done_counts(s3, s3_server, archive, capsys):
    """The bucket of the outputs is emptied and removed in the middle."""
    for number in range(40):
        s3.put_object(Bucket="photos", Key=f"in/{number:02}.jpg", Body=small_photo(number))
    s3.create_bucket(Bucket="results")
    seen = []

    def remove_bucket(row):
        seen.append(row)
        if len(seen) == 2:
            for key in objects(s3, "results"):
                s3.delete_object(Bucket="results", Key=key)
            s3.delete_bucket(Bucket="results")

    job = cluster.BatchJob("s3://photos/in", "s3://results/out", chunk=2)
    with pytest.raises(
        StorageError, match="stopped after 5 pictures in a row: cannot write 's3://results/out"
    ):
        cluster.run_batch(job, remove_bucket)
    assert len(seen) < 12
