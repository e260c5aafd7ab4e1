"""Takes fields of a parsed JSON file, or refuses them in one line."""

import math
import re
from collections.abc import Collection, Mapping

from jpegpre_tf._json import Json
from jpegpre_tf.errors import ModelError


class FieldReader:
    """Checks values of one file. Every method raises ModelError with one line that names file and field.

    Args:
        source: Name of the file, for messages.
    """

    def __init__(self, source: str) -> None:
        self._source = source

    def refuse(self, field: str, expected: str, received: object) -> ModelError:
        """Returns the error for a value that is not what it must be."""
        text = repr(received)
        text = text if len(text) <= 60 else text[:57] + "..."
        return ModelError(f"'{self._source}': `{field}` must be {expected}. Received: {text}")

    def require(self, fields: Mapping[str, Json], names: Collection[str]) -> None:
        """Refuses an object without one of these fields."""
        missing = [name for name in names if name not in fields]
        if missing:
            raise ModelError(f"'{self._source}' misses: {', '.join(missing)}")

    def mapping(self, field: str, value: object) -> Mapping[str, Json]:
        """Returns an object's fields; null has none."""
        if value is None:
            return {}
        return self.required_mapping(field, value)

    def required_mapping(self, field: str, value: object) -> Mapping[str, Json]:
        """Returns an object's fields."""
        if not isinstance(value, dict):
            raise self.refuse(field, "an object", value)
        return value

    def text(self, field: str, value: object) -> str:
        """Returns a line of text; a whole number is taken for one."""
        is_number = isinstance(value, int) and not isinstance(value, bool)
        if not (is_number or (isinstance(value, str) and value and value.isprintable())):
            raise self.refuse(field, "a line of text", value)
        return str(value)

    def optional_text(self, field: str, value: object) -> str | None:
        """Returns a line of text, or None for null."""
        return None if value is None else self.text(field, value)

    def string(self, field: str, value: object) -> str:
        """Returns a string, of several lines too."""
        if not isinstance(value, str):
            raise self.refuse(field, "a text", value)
        return value

    def texts(self, field: str, value: object) -> tuple[str, ...]:
        """Returns the strings of a list, whatever they are."""
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            raise self.refuse(field, "a list of texts", value)
        return tuple(value)

    def whole(self, field: str, value: object, least: int, most: int) -> int:
        """Returns a whole number of a range, both ends included."""
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
            raise self.refuse(field, f"a whole number from {least} to {most}", value)
        return value

    def optional_whole(self, field: str, value: object, least: int, most: int) -> int | None:
        """Returns a whole number of a range, or None for null."""
        return None if value is None else self.whole(field, value, least, most)

    def number(self, field: str, value: object) -> float:
        """Returns a finite number; a whole one stays an int, so that it is written as it was read."""
        if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
            raise self.refuse(field, "a finite number", value)
        return value

    def optional_number(self, field: str, value: object) -> float | None:
        """Returns a finite number, or None for null."""
        return None if value is None else self.number(field, value)

    def numbers(self, field: str, value: object) -> Mapping[str, float]:
        """Returns an object whose values are finite numbers; null has none."""
        return {
            name: self.number(f"{field}.{name}", item) for name, item in self.mapping(field, value).items()
        }

    def qualities(self, field: str, value: object) -> tuple[int, int]:
        """Returns a lowest and a highest JPEG quality, 1..100."""
        if not isinstance(value, list) or len(value) != 2:
            raise self.refuse(field, "two whole numbers", value)
        low, high = self.whole(field, value[0], 1, 100), self.whole(field, value[1], 1, 100)
        if low > high:
            raise self.refuse(field, "a lowest and a highest quality", value)
        return low, high

    def size(self, field: str, value: object) -> tuple[int, int]:
        """Returns a height and a width, pixels."""
        if not isinstance(value, list) or len(value) != 2:
            raise self.refuse(field, "a height and a width", value)
        return self.whole(field, value[0], 1, 1 << 16), self.whole(field, value[1], 1, 1 << 16)

    def sha256(self, field: str, value: object) -> str:
        """Returns a hash: 64 lower-case hexadecimal digits."""
        if not isinstance(value, str) or not re.fullmatch("[0-9a-f]{64}", value):
            raise self.refuse(field, "64 hexadecimal digits", value)
        return value


def without(fields: Mapping[str, Json], known: Collection[str]) -> Mapping[str, Json]:
    """Returns the fields that a program of this version does not know, which it hands on."""
    return {name: value for name, value in fields.items() if name not in known}
