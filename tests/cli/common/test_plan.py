import os
from pathlib import Path

import pytest

from jpegpre_tf.cli.common.plan import plan, plan_in_place
from jpegpre_tf.errors import UsageError


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("a.png", "b.JPG", "in/c.jpeg", "in/deep/d.webp", "in/._c.jpg", "in/read.me"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")
    (tmp_path / "out").mkdir()
    return tmp_path


def planned(inputs, output, **options):
    return [(str(task.source), str(task.target)) for task in plan(inputs, output, **options).tasks]


@pytest.mark.parametrize(
    ("inputs", "output", "expected"),
    [
        (["a.png"], "x.jpg", [("a.png", "x.jpg")]),
        (["a.png"], "x.JPEG", [("a.png", "x.JPEG")]),
        (["a.png"], "out", [("a.png", "out/a.jpg")]),
        (["a.png"], "new", [("a.png", "new/a.jpg")]),
        (["a.png"], "new.jpg/", [("a.png", "new.jpg/a.jpg")]),
        (["b.JPG", "a.png"], "out", [("b.JPG", "out/b.JPG"), ("a.png", "out/a.jpg")]),
        (["in"], "out", [("in/c.jpeg", "out/c.jpeg"), ("in/deep/d.webp", "out/deep/d.jpg")]),
        (["in/"], "out/", [("in/c.jpeg", "out/c.jpeg"), ("in/deep/d.webp", "out/deep/d.jpg")]),
        (["missing.png"], "out", [("missing.png", "out/missing.jpg")]),
    ],
)
def test_names(inputs, output, expected):
    assert planned(inputs, output) == expected


def test_a_folder_given_as_here_keeps_its_structure():
    assert ("in/deep/d.webp", "out/in/deep/d.jpg") in planned(["."], "out")


@pytest.mark.parametrize(
    ("inputs", "output", "reason"),
    [
        (["a.png", "b.JPG"], "x.jpg", "several pictures"),
        (["in"], "x.jpg", "several pictures"),
        (["a.png"], "x.png", "jpg"),
        (["a.png"], "in/read.me", "jpg"),
        (["b.JPG"], "b.JPG", "overwritten"),
        (["b.JPG"], ".", "overwritten"),
        (["in"], "in", "overwritten"),
        (["out"], "x", "no pictures"),
        (["a.png", ""], "out", "expected the name"),
        (["a.png"], "", "expected the name"),
    ],
)
def test_refused_before_work_starts(inputs, output, reason):
    with pytest.raises(UsageError, match=reason):
        plan(inputs, output)


def test_two_inputs_of_one_output_name_are_both_named(here):
    (here / "a.tif").write_bytes(b"x")
    with pytest.raises(UsageError, match=r"'a\.png' and 'a\.tif' would both be written to 'out/a\.jpg'"):
        plan(["a.png", "a.tif"], "out")


@pytest.mark.parametrize("link", [os.symlink, os.link])
def test_an_input_is_recognised_through_links(link):
    link("b.JPG", "other.jpg")
    with pytest.raises(UsageError, match="overwritten"):
        plan(["b.JPG"], "other.jpg")


def test_an_output_that_is_a_later_input_is_refused(here):
    (here / "out" / "a.jpg").write_bytes(b"x")
    with pytest.raises(UsageError, match="both be written"):
        plan(["a.png", "out/a.jpg"], "out")
    with pytest.raises(UsageError, match="overwritten"):
        plan(["a.png", "out/a.jpg"], "out", on_collision="number")


def test_results_inside_the_input_folder_are_no_input(here):
    (here / "in" / "small").mkdir()
    (here / "in" / "small" / "c.jpeg").write_bytes(b"earlier result")
    with pytest.raises(UsageError, match="no run wrote it"):
        planned(["in"], "in/small")
    (here / "in" / "small" / ".jpegpre-journal.jsonl").touch()
    assert planned(["in"], "in/small")[0] == ("in/c.jpeg", "in/small/c.jpeg")
    assert len(planned(["in"], "in/small")) == 2


def test_link_circles_end(here):
    (here / "in" / "circle").symlink_to(here / "in")
    assert len(planned(["in"], "out")) == 2


@pytest.mark.parametrize("page", ["a.png", "out/a.jpg", "out"])
def test_the_page_is_neither_input_nor_output_nor_folder(page):
    with pytest.raises(UsageError):
        plan(["a.png"], "out", also_written=[page])


def test_a_folder_that_cannot_be_read_is_not_left_out_in_silence(here, monkeypatch):
    real = os.scandir

    def scandir(path):
        if str(path).endswith("deep"):
            raise PermissionError(13, "Permission denied", str(path))
        return real(path)

    monkeypatch.setattr(os, "scandir", scandir)
    planned = plan(["in"], "out")
    assert [str(task.source) for task in planned.tasks] == ["in/c.jpeg"]
    (problem,) = planned.problems
    assert problem.reason == "cannot read folder 'in/deep': Permission denied" and problem.is_failure


def test_in_place_finds_jpeg_files_only(here):
    (here / "in" / "deep" / "e.jfif").write_bytes(b"x")
    found = [(str(task.source), str(task.target)) for task in plan_in_place(["in", "b.JPG"]).tasks]
    assert found == [(name, name) for name in ("in/c.jpeg", "in/deep/e.jfif", "b.JPG")]


@pytest.mark.parametrize("inputs", [["a.png"], ["out"], ["in", "in/c.jpeg"]])
def test_in_place_refuses(inputs):
    with pytest.raises(UsageError):
        plan_in_place(inputs)


def test_in_place_the_page_is_no_picture():
    with pytest.raises(UsageError, match="overwritten"):
        plan_in_place(["b.JPG"], ["b.JPG"])
    with pytest.raises(UsageError, match="a folder"):
        plan_in_place(["b.JPG"], ["out"])


@pytest.mark.parametrize(
    ("on_collision", "expected", "left_out"),
    [
        (
            "keep-suffix",
            [("p/x.JPG", "out/x.JPG"), ("p/x.heic", "out/x.heic.jpg"), ("p/x.jpg", "out/x.jpg")],
            0,
        ),
        ("number", [("p/x.JPG", "out/x.JPG"), ("p/x.heic", "out/x-2.jpg"), ("p/x.jpg", "out/x.jpg")], 0),
        ("skip", [("p/x.JPG", "out/x.JPG"), ("p/x.jpg", "out/x.jpg")], 1),
    ],
)
def test_pairs_of_one_name(here, on_collision, expected, left_out):
    (here / "p").mkdir()
    for name in ("x.heic", "x.jpg", "x.JPG"):
        (here / "p" / name).write_bytes(b"x")
    planned = plan(["p"], "out", on_collision=on_collision)
    assert [(str(task.source), str(task.target)) for task in planned.tasks] == expected
    assert [problem.is_failure for problem in planned.problems] == left_out * [False]


def test_names_that_differ_in_case_are_one_where_the_folder_says_so(here, monkeypatch):
    (here / "p").mkdir()
    for name in ("y.png", "Y.jpg"):
        (here / "p" / name).write_bytes(b"x")
    assert len(plan(["p"], "out").tasks) == 2
    tried = []
    monkeypatch.setattr("jpegpre_tf.cli.common.plan.folds_names", lambda folder: not tried.append(folder))
    with pytest.raises(UsageError, match=r"'p/Y\.jpg' and 'p/y\.png' would both be written"):
        plan(["p"], "out")
    # The folder itself is asked, which may be unlike the one above it; a dry run makes none.
    for makes_folder in (False, True):
        with pytest.raises(UsageError, match="would both be written"):
            plan(["p"], "new/deep", makes_folder=makes_folder)
        assert (here / "new/deep").is_dir() == makes_folder
    assert tried == [Path("out"), Path("new/deep"), Path("new/deep")]


def test_a_dot_in_a_name_is_no_suffix(here):
    (here / "v1.2 photo").write_bytes(b"x")
    assert planned(["v1.2 photo"], "out") == [("v1.2 photo", "out/v1.2 photo.jpg")]
