"""JSON that others may have written."""

import json
from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

# What a JSON file can hold.
Json: TypeAlias = bool | int | float | str | Sequence["Json"] | Mapping[str, "Json"] | None


def parse_json(text: str | bytes) -> Any:
    """Returns what a JSON text holds.

    Raises:
        ValueError: If it is not JSON, or nested so deeply that it cannot be read.
    """
    try:
        return json.loads(text)
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error
