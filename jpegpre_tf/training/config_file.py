"""What the configurations of training runs share: their JSON files and the checks of their ranges."""

import dataclasses
import json
import math
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from jpegpre_tf._json import parse_json
from jpegpre_tf.errors import UsageError

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

Config = TypeVar("Config")
LAST_SEED = 2**31 - 1  # that NumPy, Python and TensorFlow all take


def check_positive(config: object, names: Iterable[str]) -> None:
    """Raises UsageError unless each field of that name is above 0."""
    for name in names:
        value = getattr(config, name)
        if not 0 < value < math.inf:
            raise UsageError(f"`{name}` must be > 0. Received: {name}={value}")


def check_range(config: object, names: Iterable[str], low: float, high: float = math.inf) -> None:
    """Raises UsageError unless each field of that name is a finite number in `low`..`high`."""
    for name in names:
        value = getattr(config, name)
        if not (low <= value <= high and math.isfinite(value)):
            expected = f"in {low}..{high}" if math.isfinite(high) else f"at least {low}"
            raise UsageError(f"`{name}` must be {expected}. Received: {name}={value}")


def check_weights(name: str, weights: Mapping[str, object]) -> None:
    """Raises UsageError unless all weights are finite numbers of at least 0, and not all of them 0."""
    for key, value in weights.items():
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value < math.inf:
            raise UsageError(f"weights of `{name}` must be numbers of at least 0. Received: {key}={value!r}")
    if weights and not any(weights.values()):
        raise UsageError(f"`{name}` must have a positive weight. Received: {name}={weights}")


def check_qualities(quality_low: int, quality_high: int) -> None:
    """Raises UsageError unless both are in 1..100 and in order."""
    if not 1 <= quality_low <= quality_high <= 100:
        raise UsageError(
            "`quality_low` and `quality_high` must be in 1..100 and in order. "
            f"Received: quality_low={quality_low}, quality_high={quality_high}"
        )


def write_config(config: "DataclassInstance", path: Path) -> None:
    """Writes a configuration, a dataclass, as JSON."""
    path.write_text(json.dumps(dataclasses.asdict(config), indent=2) + "\n", encoding="utf-8")


def read_json(path: Path) -> object:
    """What a JSON file holds.

    Raises:
        UsageError: If the file is missing or not JSON.
    """
    try:
        return parse_json(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UsageError(f"{path}: expected a JSON training configuration ({error})") from error


def read_config(path: Path, kind: type[Config]) -> Config:
    """Reads a JSON file into a dataclass all of whose fields have defaults; those not named keep them.

    Raises:
        UsageError: If the file is missing, not JSON, or names an unknown field or a wrong type.
    """
    return parse_fields(read_json(path), kind, str(path))


def parse_fields(given: object, kind: type[Config], where: str) -> Config:
    """`read_config` of what a JSON file held; `where` begins the messages of errors."""
    defaults = vars(kind())
    if not isinstance(given, dict) or not set(given) <= set(defaults):
        unknown = sorted(set(given) - set(defaults)) if isinstance(given, dict) else type(given).__name__
        raise UsageError(f"{where}: unknown fields {unknown}; expected some of {sorted(defaults)}")
    for name, value in given.items():
        wanted = (int, float) if isinstance(defaults[name], float) else (type(defaults[name]),)
        if not isinstance(value, wanted) or isinstance(value, bool) != isinstance(defaults[name], bool):
            expected = " or ".join(one.__name__ for one in wanted)
            raise UsageError(f"{where}: `{name}` must be {expected}. Received: {value!r}")
    return kind(**given)


def sections_of(given: object, kind: type[Config], where: str, renamed: dict[str, str]) -> Config:
    """A dataclass whose fields are dataclasses themselves, from JSON in sections or with all fields side by side.

    Args:
        given: What a JSON file held.
        kind: The dataclass; names of fields are unique over all sections.
        where: Beginning of the messages of errors.
        renamed: Old name -> name of a field.

    Raises:
        UsageError: If a section or field is unknown or of a wrong type.
    """
    sections = {name: type(section) for name, section in vars(kind()).items()}
    home: dict[str, str] = {}
    for section_name, section in sections.items():
        home |= dict.fromkeys(vars(section()), section_name)
    if not isinstance(given, dict):
        raise UsageError(f"{where}: expected an object, received {type(given).__name__}")
    sorted_fields: dict[str, dict[str, object]] = {name: {} for name in sections}
    unknown = []
    for name, value in given.items():
        if name in sections and isinstance(value, dict):
            sorted_fields[name] |= {
                renamed.get(str(key), str(key)): content for key, content in value.items()
            }
        elif (field := renamed.get(name, name)) in home:
            sorted_fields[home[field]][field] = value
        else:
            unknown.append(name)
    if unknown:
        expected = f"sections {sorted(sections)} or fields {sorted(home)}"
        raise UsageError(f"{where}: unknown fields {sorted(unknown)}; expected {expected}")
    return kind(
        **{name: parse_fields(fields, sections[name], where) for name, fields in sorted_fields.items()}
    )
