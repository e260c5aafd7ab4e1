import errno
import os
import shutil
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from jpegpre_tf import runtime
from jpegpre_tf.errors import OutputError
from jpegpre_tf.storage.atomic import check_writable, replace_atomically, replace_original
from jpegpre_tf.storage.file_state import state_of
from jpegpre_tf.storage.folding import fold_name, folds_names
from jpegpre_tf.storage.hidden import is_hidden


def test_writes_replaces_and_makes_folders(tmp_path):
    path = tmp_path / "a" / "b" / "file"
    for content in (b"one", b"two"):
        runtime.write_atomically(path, content)
        assert path.read_bytes() == content
    assert [entry.name for entry in path.parent.iterdir()] == ["file"]


def test_a_library_writes_beside_the_file_and_leaves_nothing_if_it_fails(tmp_path):
    path = tmp_path / "model.keras"
    path.write_bytes(b"old")
    for error, raised in ((OSError(errno.ENOSPC, "disk full"), OutputError), (ValueError("no"), ValueError)):
        with pytest.raises(raised), replace_atomically(path) as partial:
            assert partial.suffix == path.suffix and partial.parent == tmp_path
            partial.write_bytes(b"half")
            raise error
        assert [entry.name for entry in tmp_path.iterdir()] == ["model.keras"]
        assert path.read_bytes() == b"old"
    with replace_atomically(path) as partial:
        partial.write_bytes(b"new")
        assert path.read_bytes() == b"old"
    assert [entry.name for entry in tmp_path.iterdir()] == ["model.keras"]
    assert path.read_bytes() == b"new"


def test_the_check_before_long_work_leaves_nothing_but_the_folder(tmp_path):
    check_writable(tmp_path / "a" / "file")
    assert list((tmp_path / "a").iterdir()) == []
    (tmp_path / "file").write_bytes(b"old")
    check_writable(tmp_path / "file")
    assert (tmp_path / "file").read_bytes() == b"old"
    for wrong in (tmp_path / "file" / "x", tmp_path / "a"):
        with pytest.raises(OutputError, match="cannot write"):
            check_writable(wrong)


def test_permissions_follow_the_umask(tmp_path):
    old = os.umask(0o027)
    try:
        runtime.write_atomically(tmp_path / "file", b"")
    finally:
        os.umask(old)
    assert stat.S_IMODE((tmp_path / "file").stat().st_mode) == 0o640


@pytest.mark.parametrize("has_unnamed", [True, False])
@pytest.mark.parametrize("step", ["write", "replace"])
def test_a_full_disk_leaves_the_old_file_and_nothing_else(tmp_path, monkeypatch, step, has_unnamed):
    path = tmp_path / "file"
    path.write_bytes(b"old")

    def full(*arguments, **options):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    if not has_unnamed:
        monkeypatch.delattr(os, "O_TMPFILE", raising=False)
    if step == "replace":
        monkeypatch.setattr(Path, "replace", full)
    else:
        monkeypatch.setattr(os, "fdopen", full)
    with pytest.raises(OutputError, match=r"cannot write '.*file': No space left"):
        runtime.write_atomically(path, b"new")
    assert [entry.name for entry in tmp_path.iterdir()] == ["file"] and path.read_bytes() == b"old"


@pytest.mark.parametrize("step", ["link", "replace"])
def test_an_interrupt_leaves_nothing(tmp_path, monkeypatch, step):
    def interrupted(*arguments, **options):
        raise KeyboardInterrupt

    if step == "replace":
        monkeypatch.delattr(os, "O_TMPFILE", raising=False)  # as on a system without unnamed files
        monkeypatch.setattr(Path, "replace", interrupted)
    else:
        monkeypatch.setattr(os, "link", interrupted)
    with pytest.raises(KeyboardInterrupt):
        runtime.write_atomically(tmp_path / "file", b"new")
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_a_file_is_an_output_error(tmp_path):
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(OutputError, match="cannot write"):
        runtime.write_atomically(tmp_path / "file" / "x.jpg", b"")


@pytest.mark.skipif(not hasattr(os, "O_TMPFILE"), reason="files without a name are Linux's")
@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes with names here")
def test_a_pipe_or_device_is_not_replaced(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to(tmp_path / "pipe")
    for path in (tmp_path / "pipe", tmp_path / "link"):
        with pytest.raises(OutputError, match="no regular file"):
            runtime.write_atomically(path, b"x")
        with pytest.raises(OutputError, match="no regular file"):
            check_writable(path)
    assert (tmp_path / "pipe").is_fifo() and (tmp_path / "link").is_symlink()
    assert len(list(tmp_path.iterdir())) == 2


def test_a_killed_writer_leaves_nothing(tmp_path):
    program = (
        "import os, signal, sys\n"
        "from pathlib import Path\n"
        "from jpegpre_tf.storage import atomic\n"
        "atomic._link = lambda *arguments: os.kill(os.getpid(), signal.SIGKILL)\n"
        "atomic.write_atomically(Path(sys.argv[1]) / 'file', bytes(1_000_000))\n"
    )
    done = subprocess.run([sys.executable, "-c", program, str(tmp_path)], cwd=Path.cwd())
    assert done.returncode == -signal.SIGKILL and list(tmp_path.iterdir()) == []


def test_an_original_is_replaced_with_its_permissions(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(b"old")
    path.chmod(0o604)
    (tmp_path / "link").symlink_to(path)
    runtime.replace_original(tmp_path / "link", b"new")
    assert path.read_bytes() == b"new" and stat.S_IMODE(path.stat().st_mode) == 0o604
    assert (tmp_path / "link").is_symlink() and len(list(tmp_path.iterdir())) == 2


def test_an_original_survives_a_disk_that_lies(tmp_path, monkeypatch):
    path = tmp_path / "file"
    path.write_bytes(b"old")
    with monkeypatch.context() as patched:
        patched.setattr(Path, "read_bytes", lambda path: b"other")
        with pytest.raises(OutputError, match="other bytes"):
            runtime.replace_original(path, b"new")
    assert path.read_bytes() == b"old" and list(tmp_path.iterdir()) == [path]


def test_there_must_be_an_original(tmp_path):
    with pytest.raises(OutputError, match="cannot write"):
        runtime.replace_original(tmp_path / "missing", b"new")


def test_rights_attributes_and_times_are_kept(tmp_path):
    path = tmp_path / "x.jpg"
    path.write_bytes(b"old")
    path.chmod(0o640)
    os.utime(path, ns=(1_600_000_000_000_000_000, 1_500_000_000_123_456_789))
    try:
        os.setxattr(path, "user.tags", b"red")
    except (AttributeError, OSError):
        pytest.skip("this file system has no extended attributes")
    replace_original(path, b"new", state_of(path.stat()))
    assert path.read_bytes() == b"new" and path.stat().st_mode & 0o7777 == 0o640
    assert path.stat().st_mtime_ns == 1_500_000_000_123_456_789
    assert os.getxattr(path, "user.tags") == b"red"


@pytest.mark.codec
@pytest.mark.skipif(not shutil.which("setfacl"), reason="setfacl is not installed")
@pytest.mark.parametrize("folder_has_one", [False, True])
def test_access_control_lists_are_kept_and_none_is_inherited(tmp_path, folder_has_one):
    path, plain = tmp_path / "x.jpg", tmp_path / "y.jpg"
    for file in (path, plain):
        file.write_bytes(b"old")
        file.chmod(0o640)
    if subprocess.run(["setfacl", "-m", "u:65534:rw", path], capture_output=True).returncode:
        pytest.skip("this file system has no access control lists")
    if folder_has_one:
        subprocess.run(["setfacl", "-d", "-m", "u:65533:rw", tmp_path], check=True)
    for file in (path, plain):
        before = subprocess.run(["getfacl", "-cE", file], capture_output=True).stdout
        replace_original(file, b"new")
        assert subprocess.run(["getfacl", "-cE", file], capture_output=True).stdout == before


@pytest.mark.parametrize("change", ["rewritten", "replaced", "removed"])
def test_a_file_changed_by_another_program_is_not_replaced(tmp_path, change):
    path = tmp_path / "x.jpg"
    path.write_bytes(b"old")
    state = state_of(path.stat())
    if change == "rewritten":
        path.write_bytes(b"not")
        os.utime(path, ns=(state.modified_ns, state.modified_ns))
    else:
        path.unlink()
    if change == "replaced":
        path.write_bytes(b"not")
    with pytest.raises(OutputError):
        replace_original(path, b"new", state)
    assert [file.read_bytes() for file in tmp_path.iterdir()] == ([] if change == "removed" else [b"not"])


def test_a_file_with_two_names_is_not_replaced(tmp_path):
    path = tmp_path / "x.jpg"
    path.write_bytes(b"old")
    os.link(path, tmp_path / "y.jpg")
    with pytest.raises(OutputError, match="hard links"):
        replace_original(path, b"new")
    assert path.read_bytes() == b"old"


def test_hidden_names():
    assert all(map(is_hidden, (".git", ".thumbnails", "@eaDir", "$RECYCLE.BIN", "System Volume Information")))
    assert not any(map(is_hidden, ("photos", "a.jpg", "$100", "@home", "#1")))


def test_folded_names_are_equal():
    assert fold_name("IMG.JPG") == fold_name("img.jpg") and fold_name("e\u0301.jpg") == fold_name(
        "\u00c9.JPG"
    )
    assert fold_name("a.jpg") != fold_name("b.jpg")


def test_a_locale_without_accents_does_not_stop_the_question_whether_case_counts(tmp_path):
    code = "import sys; from jpegpre_tf.storage.folding import folds_names; print(folds_names(sys.argv[1]))"
    ascii_alone = {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"}
    command = [sys.executable, "-c", code, tmp_path]
    done = subprocess.run(command, capture_output=True, text=True, env=os.environ | ascii_alone)
    assert done.stdout == f"{folds_names(tmp_path)}\n", done.stderr
    assert not list(tmp_path.iterdir())
