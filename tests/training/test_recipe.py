"""Several runs that make one model: followed to the end, gone on with after a stop, wrong files in one line."""

import json
from pathlib import Path

import keras
import numpy as np
import pytest

from jpegpre_tf import runtime
from jpegpre_tf.cli.main import main
from jpegpre_tf.errors import UsageError
from jpegpre_tf.jpeg.tuned_tables import TunedTables
from jpegpre_tf.training import recipe as module
from jpegpre_tf.training.config import TrainConfig
from jpegpre_tf.training.recipe import last_config, load_recipe

PICTURES = Path(__file__).parent.parent / "pictures"
SHIPPED = ("fidelity", "balanced", "perceptual")


def written(folder: Path, *stages: dict[str, object]) -> Path:
    path = folder / "mine.json"
    path.write_text(json.dumps({"stages": stages}))
    return path


def weights(folder: Path) -> list[np.ndarray]:
    return keras.models.load_model(folder / "model.keras").get_weights()


@pytest.mark.slow
def test_stages_follow_each_other_and_are_not_made_twice(
    tmp_path: Path,
    tiny_fields: dict[str, object],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    tiny_fields["learning_rate"] = 1e-2
    path = written(
        tmp_path,
        {"name": "first", "config": tiny_fields, "last_step": 3},
        {"name": "second", "from": "first", "config": {**tiny_fields, "seed": 1}},
        {"name": "both", "from": "first", "blend": "second", "share": 0.25, "tables": "balanced"},
    )
    out = tmp_path / "run"
    command = ["train", str(PICTURES), "-o", str(out)]
    real = module.train
    calls = []

    class InterruptedRunError(
        BaseException
    ):  # as a signal: the command line reports every Exception in one line
        pass

    def interrupted(config: object, *arguments: object, **options: object) -> object:
        calls.append(options["initial_model"])
        if len(calls) == 2:
            raise InterruptedRunError
        return real(config, *arguments, **options)

    monkeypatch.setattr(module, "train", interrupted)
    with pytest.raises(InterruptedRunError):
        main([*command, "--recipe", str(path)])
    assert not (out / "model.keras").exists()
    capsys.readouterr()
    assert main([*command, "--recipe", str(path)]) == 2
    assert "--resume" in capsys.readouterr().err
    assert main([*command, "--resume"]) == 0
    assert calls == [None, out / "first" / "model.keras", out / "first" / "model.keras"]
    said = capsys.readouterr()
    assert said.out.splitlines()[-1] == str(out / "model.keras")
    assert "stage 1 of 3, first: 3 steps" in said.err and "stage 3 of 3, both: a blend" in said.err
    assert len((out / "first" / "log.jsonl").read_text().splitlines()) == 1  # of two epochs
    tables = runtime.find_model("balanced").tuned_tables
    assert tables is not None
    np.testing.assert_array_equal(TunedTables.read(out / "tables.json").log_factors, tables.log_factors)
    first, second, both = weights(out / "first"), weights(out / "second"), weights(out)
    assert max(float(np.abs(a - b).max()) for a, b in zip(first, second, strict=True)) > 1e-3
    for a, b, c in zip(first, second, both, strict=True):
        np.testing.assert_allclose(c, 0.75 * a + 0.25 * b, rtol=1e-5, atol=1e-7)


RUN = {"name": "a", "config": {}}


@pytest.mark.parametrize(
    ("stages", "message"),
    [
        ([], "at least one stage"),
        ([{"name": "a"}], "either `config` or `blend`"),
        ([{"name": "../a", "config": {}}], "`name` must be fit for a folder"),
        ([{"name": "a", "config": {"stps": 1}}], "stage 1: unknown fields"),
        ([{"name": "a", "config": {"steps": 5}, "last_step": 6}], "`last_step` must be in 0..5"),
        ([{"name": "a", "config": {}, "frm": "b"}], "expected an object with some of"),
        ([{"name": "a", "config": {}, "from": "b"}], "no earlier stage 'b'"),
        ([RUN, RUN], "two stages called 'a'"),
        ([RUN, {"name": "b", "from": "a", "blend": "a", "share": 2}], "`share` in 0..1"),
        ([RUN, {"name": "b", "blend": "a", "share": 0.5}], "a blend needs `from`"),
        ([RUN, {"name": "b", "from": "a", "blend": "a", "share": "1"}], "`share` is of a wrong type"),
        ([{"name": "a", "config": {}, "tables": 5}], "`tables` is of a wrong type"),
    ],
)
def test_wrong_recipes(tmp_path: Path, stages: list[dict[str, object]], message: str) -> None:
    with pytest.raises(UsageError, match=message) as raised:
        load_recipe(written(tmp_path, *stages))
    assert str(raised.value).startswith(str(tmp_path / "mine.json"))


@pytest.mark.parametrize("content", [None, "{}"])
def test_tables_that_cannot_be_read_are_said_before_training(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], content: str | None
) -> None:
    file = tmp_path / "tables.json"
    if content is not None:
        file.write_text(content)
    path = written(tmp_path, RUN, {"name": "b", "from": "a", "config": {}, "tables": str(file)})
    assert main(["train", str(PICTURES), "-o", str(tmp_path / "run"), "--recipe", str(path)]) != 0
    error = capsys.readouterr().err.splitlines()[-1]
    assert error.startswith("jpegpre: error: ") and "tables.json" in error
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("profile", SHIPPED)
def test_shipped_models_have_their_recipe_logs_and_figure(profile: str) -> None:
    folder = runtime.find_model(profile).path
    if not (folder / "recipe.json").is_file():
        # A model whose runs are not a recipe yet has to say so.
        assert "no recipe yet" in runtime.find_model(profile).card.training.data
        return
    stages = load_recipe(folder / "recipe.json")
    for stage in stages:
        if stage.config is not None:
            epochs = len((folder / f"log-{stage.name}.jsonl").read_text().splitlines())
            assert epochs * stage.config.run.steps_per_epoch >= (stage.last_step or stage.config.run.steps)
    assert (folder / "training.png").is_file()
    assert f"--recipe {profile}" in runtime.find_model(profile).card.training.commands[0]


def test_usage(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    start = ["train", str(PICTURES), "-o", str(tmp_path / "run")]
    short = written(tmp_path, {"name": "a", "config": {"seed": 7}})
    assert main([*start, "--recipe", str(short), "--steps", "5"]) == 2
    assert "--steps is for single runs" in capsys.readouterr().err
    assert main([*start, "--recipe", str(tmp_path / "none.json")]) == 2
    assert "expected a JSON recipe" in capsys.readouterr().err
    assert main([*start, "--recipe", "rate-jpegli"]) == 2
    assert "made by a recipe" in capsys.readouterr().err
    assert not (tmp_path / "run").exists()
    path = written(tmp_path, {"name": "a", "config": {"seed": 7}}, {"name": "b", "config": {"seed": 8}})
    assert last_config(path) == TrainConfig().with_fields(seed=8)
