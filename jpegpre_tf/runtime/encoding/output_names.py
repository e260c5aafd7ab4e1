"""What outputs are called, and what happens if two pictures would get one name."""

from collections.abc import Callable, Sequence
from pathlib import PurePosixPath
from typing import NamedTuple

from jpegpre_tf.storage.picture_suffixes import PICTURE_SUFFIXES

JPEG_SUFFIXES = frozenset((".jpg", ".jpeg"))
# The first one is the default.
COLLISION_CHOICES = ("refuse", "keep-suffix", "number", "skip")


class OutputName(NamedTuple):
    """The name of one output.

    Attributes:
        name: Relative, with "/" between folders.
        other: Index of the picture that takes the name; None if this picture may have it.
    """

    name: str
    other: int | None = None


def jpeg_name(source: str) -> str:
    """Returns the name with the suffix .jpg in place of a picture's suffix; JPEG names stay as they are.

    What merely has a dot ("v1.2 photo") keeps all of its name.
    """
    suffix = PurePosixPath(source).suffix
    if suffix.lower() in JPEG_SUFFIXES:
        return source
    return (source.removesuffix(suffix) if suffix.lower() in PICTURE_SUFFIXES else source) + ".jpg"


def collision_hint(on_collision: str) -> str:
    """Returns what ends a line about two pictures that would get one name: the choices that give each its own."""
    choices = {"refuse": "keep-suffix or number", "keep-suffix": "number"}
    return f": --on-collision {choices[on_collision]} gives each a name" if on_collision in choices else ""


def output_names(
    sources: Sequence[str], on_collision: str = "refuse", fold: Callable[[str], str] = str
) -> list[OutputName]:
    """Returns the output's name of every picture, in order.

    Args:
        sources: Relative names of pictures, with "/" between folders.
        on_collision: What to do with pictures that would get one name. "refuse" gives it to none of them;
            "keep-suffix" calls those that are not named as JPEG files IMG_1.heic.jpg; "number" calls the second one
            IMG_1-2.jpg; "skip" does the first one alone. First is what is named as a JPEG file, then in order.
        fold: Two names are one file if this returns the same for them.
    """
    names = [jpeg_name(source) for source in sources]
    groups = _group(names, fold)
    taken = set(groups)
    result = [OutputName(name) for name in names]
    for members in groups.values():
        if len(members) == 1:
            continue
        first, *others = sorted(members, key=lambda index: names[index] != sources[index])
        if on_collision == "keep-suffix":
            for index in members:
                if names[index] != sources[index]:
                    result[index] = OutputName(sources[index] + ".jpg")
            continue
        for index in others:
            if on_collision == "number":
                result[index] = OutputName(_number(names[index], fold, taken))
            else:
                result[index] = OutputName(names[index], first)
        if on_collision == "refuse":
            result[first] = OutputName(names[first], others[0])
    if on_collision == "keep-suffix":  # what is still one name is refused
        for members in _group([name.name for name in result], fold).values():
            for index in members if len(members) > 1 else ():
                other = next(member for member in members if member != index)
                result[index] = OutputName(result[index].name, other)
    return result


def _group(names: Sequence[str], fold: Callable[[str], str]) -> dict[str, list[int]]:
    groups: dict[str, list[int]] = {}
    for index, name in enumerate(names):
        groups.setdefault(fold(name), []).append(index)
    return groups


def _number(name: str, fold: Callable[[str], str], taken: set[str]) -> str:
    path = PurePosixPath(name)
    count = 2
    while fold(numbered := str(path.with_name(f"{path.stem}-{count}{path.suffix}"))) in taken:
        count += 1
    taken.add(fold(numbered))
    return numbered
