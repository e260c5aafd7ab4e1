"""Several training runs, one after another, that make one model; saved as recipe.json beside it.

A stage trains from an earlier stage's model, or blends two: weights of networks that share their beginning can be
averaged (Wortsman et al. 2022, "Model soups"); others cannot. It starts from the tables of that stage, or from those
that it names; a blend has them.

    {"stages": [
      {"name": "first", "config": {"steps": 3600, "metrics": {"psnr_rgb": 1.0}}, "last_step": 2100},
      {"name": "sharp", "from": "first", "config": {"metrics": {"ssimulacra2": 1.0}}},
      {"name": "both", "from": "first", "blend": "sharp", "share": 0.4, "tables": "balanced"}
    ]}
"""

import dataclasses
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras

from jpegpre_tf._json import parse_json
from jpegpre_tf.errors import UsageError
from jpegpre_tf.jpeg.tuned_tables import TunedTables
from jpegpre_tf.models.loading import load_tables
from jpegpre_tf.models.preprocessor import Preprocessor
from jpegpre_tf.models.trained import load_preprocessor
from jpegpre_tf.storage.atomic import replace_atomically
from jpegpre_tf.training.callbacks import TABLES
from jpegpre_tf.training.checkpoint import RECIPE
from jpegpre_tf.training.config import TrainConfig, parse_config
from jpegpre_tf.training.run import tables_beside, train

_DONE = "done"  # a file in the folder of a run that came to its end
_FIELDS: dict[str, Any] = {
    "name": str,
    "from": str,
    "config": dict,
    "last_step": int,
    "blend": str,
    "share": (int, float),
    "tables": str,
}


@dataclasses.dataclass(frozen=True)
class Stage:
    """One stage of a recipe: a run if it has a `config`, else a blend.

    Attributes:
        name: Also of its folder.
        base: Name of the stage whose model it starts from; "" for new weights.
        config: Configuration of the run.
        last_step: Stop there, although the learning rate's schedule goes on to `config.run.steps`; 0 for the end.
        blend, share: The stage whose weights are mixed into those of `base`, and their share, 0..1.
        tables: Learned tables in place of those of `base`: a shipped profile's name or a tables.json; "" for none.
    """

    name: str
    base: str = ""
    config: TrainConfig | None = None
    last_step: int = 0
    blend: str = ""
    share: float = 0.0
    tables: str = ""


def load_recipe(path: Path) -> tuple[Stage, ...]:
    """Reads a recipe; the last stage gives the model.

    Raises:
        UsageError: If the file is missing, not JSON, or a stage is not as described above.
    """
    try:
        given = parse_json(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UsageError(f"{path}: expected a JSON recipe ({error})") from error
    listed = given.get("stages") if isinstance(given, dict) else None
    if not isinstance(listed, list) or not listed:
        raise UsageError(f'{path}: expected {{"stages": [...]}}, with at least one stage')
    stages: list[Stage] = []
    for number, fields in enumerate(listed, 1):
        where = f"{path}: stage {number}"
        stage = _stage(where, fields)
        known = [earlier.name for earlier in stages]
        if stage.name in known:
            raise UsageError(f"{where}: there are two stages called {stage.name!r}")
        for name in filter(None, (stage.base, stage.blend)):
            if name not in known:
                raise UsageError(
                    f"{where}: no earlier stage {name!r}; there are: {', '.join(known) or 'none'}"
                )
        stages.append(stage)
    return tuple(stages)


def last_config(path: Path) -> TrainConfig:
    """The configuration of a recipe's last run.

    Raises:
        UsageError: As `load_recipe`, or if it only blends.
    """
    configs = [stage.config for stage in load_recipe(path) if stage.config is not None]
    if not configs:
        raise UsageError(f"{path}: expected a recipe with at least one run")
    return configs[-1]


def _stage(where: str, fields: Any) -> Stage:
    if not isinstance(fields, dict) or not set(fields) <= set(_FIELDS):
        raise UsageError(
            f"{where}: expected an object with some of {', '.join(_FIELDS)}. Received: {fields!r}"
        )
    for name, value in fields.items():
        if not isinstance(value, _FIELDS[name]) or isinstance(value, bool):
            raise UsageError(f"{where}: `{name}` is of a wrong type. Received: {value!r}")
    name = fields.get("name", "")
    if not name or name in (".", "..") or Path(name).name != name:
        raise UsageError(f"{where}: `name` must be fit for a folder. Received: {name!r}")
    if ("config" in fields) == ("blend" in fields):
        raise UsageError(f"{where}: expected either `config` or `blend`")
    if "blend" in fields and not ("from" in fields and 0 <= fields.get("share", -1) <= 1):
        raise UsageError(f"{where}: a blend needs `from` and a `share` in 0..1")
    config = parse_config(fields["config"], where) if "config" in fields else None
    if config is not None and not 0 <= fields.get("last_step", 0) <= config.run.steps:
        raise UsageError(
            f"{where}: `last_step` must be in 0..{config.run.steps}. Received: {fields['last_step']}"
        )
    return Stage(
        name,
        fields.get("from", ""),
        config,
        fields.get("last_step", 0),
        fields.get("blend", ""),
        float(fields.get("share", 0.0)),
        fields.get("tables", ""),
    )


def run_recipe(
    recipe: Path,
    paths: list[Path],
    validation_paths: list[Path],
    folder: Path,
    *,
    verbose: int = 1,
    progress: Callable[[int, int, Stage], None] = lambda number, count, stage: None,
) -> keras.Model:
    """Makes a recipe's model, going on from what `folder` holds of it already.

    Args:
        recipe: File.
        paths, validation_paths: As in `run.train`.
        folder: Gets the recipe, one folder per stage, model.keras and, where they were learned, tables.json.
        verbose: `verbose` of `keras.Model.fit`.
        progress: Called before each stage with its number from 1, their count, and the stage.

    Returns:
        The trained preprocessor.

    Raises:
        UsageError: As `load_recipe`.
        ModelError: If tables that a stage names cannot be read, before anything is trained.
    """
    stages = load_recipe(recipe)
    given = {stage.name: load_tables(stage.tables) for stage in stages if stage.tables}
    folder.mkdir(parents=True, exist_ok=True)
    if recipe.resolve() != (folder / RECIPE).resolve():
        shutil.copyfile(recipe, folder / RECIPE)
    models: dict[str, Path] = {}
    for number, stage in enumerate(stages, 1):
        progress(number, len(stages), stage)
        place = folder / stage.name
        models[stage.name] = place / "model.keras"
        if stage.config is None:
            place.mkdir(exist_ok=True)
            interpolate_weights(models[stage.base], models[stage.blend], stage.share).save(models[stage.name])
            tables = given.get(stage.name)
            if tables is None:
                tables = blended_tables(models[stage.base], models[stage.blend], stage.share)
            if tables is not None:
                tables.write(place / TABLES)
        elif not (place / _DONE).exists():
            train(
                stage.config,
                paths,
                validation_paths,
                place,
                initial_model=models.get(stage.base),
                initial_tables=given.get(stage.name),
                last_step=stage.last_step,
                verbose=verbose,
            )
            (place / _DONE).touch()
    for name in ("model.keras", TABLES):
        made = models[stages[-1].name].with_name(name)
        if made.exists():
            with replace_atomically(folder / name) as partial:
                shutil.copyfile(made, partial)
    return load_preprocessor(folder / "model.keras")


def interpolate_weights(first: Path, second: Path, share: float) -> Preprocessor:
    """The preprocessor between two that share their beginning: a profile between two others, without training.

    Args:
        first, second: .keras files.
        share: Share of the second, 0..1.

    Raises:
        ModelError: If one of them is not a trained preprocessor.
    """
    model, other = load_preprocessor(first), load_preprocessor(second)
    weights = zip(model.get_weights(), other.get_weights(), strict=True)
    model.set_weights([(1 - share) * a + share * b for a, b in weights])
    return model


def blended_tables(first: Path, second: Path, share: float) -> TunedTables | None:
    """The tables between those learned with two models, from beside their files; None unless both have some.

    Args:
        first, second: .keras files.
        share: Share of the second, 0..1.
    """
    one, other = tables_beside(first), tables_beside(second)
    if one is None or other is None:
        return None
    one, other = one.lift_limit(), other.lift_limit()
    factors = (1 - share) * one.log_factors + share * other.log_factors
    return dataclasses.replace(one, log_factors=factors.astype(one.log_factors.dtype)).limit_fine_steps()
