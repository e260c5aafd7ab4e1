"""What `jpegpre encode` tells about its results: rows of a table, a sentence, or JSON."""

import argparse
import math
import os
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

from jpegpre_tf import runtime
from jpegpre_tf.cli.common.output.units import count_of, format_size
from jpegpre_tf.storage.names import printable_path

HEADER = ("picture", "before", "now", "ordinary", "saved")
DETAILED_HEADER = (
    "file",
    "plain bytes",
    "bytes",
    "saved %",
    "plain PSNR dB",
    "PSNR dB",
    "input bytes",
    "quality",
)


def to_rows(results: Sequence[runtime.EncodeResult]) -> list[tuple[str, ...]]:
    """Returns the table's cells, one row a picture; the folder that all pictures are in is not repeated."""
    names = short_names([result.source for result in results])
    return [
        (
            name,
            format_size(result.size_bytes_input),
            format_size(result.size_bytes),
            format_size(result.size_bytes_plain),
            "kept" if result.is_copy else f"{result.saved_percent:.0f} %",
        )
        for name, result in zip(names, results, strict=True)
    ]


def to_totals(results: Sequence[runtime.EncodeResult]) -> tuple[str, ...]:
    """Returns the last line of `to_rows`."""
    before, now, ordinary = sum_sizes(results)
    return (
        count_of(len(results), "picture"),
        format_size(before),
        format_size(now),
        format_size(ordinary),
        f"{100 * (1 - now / ordinary):.0f} %",
    )


def to_sentence(results: Sequence[runtime.EncodeResult], look: str) -> str:
    """Returns what came of it, for a photographer: what it was, what it is, what others would make of it."""
    before, now, ordinary = sum_sizes(results)
    said = f"{count_of(len(results), 'picture')}: {format_size(before)} -> {format_size(now)}."
    if all(result.is_copy for result in results):
        return f"{said} Nothing was to be won: the pictures were kept."
    if ordinary <= now:
        return said
    return f"{said} An ordinary encoder needs {format_size(ordinary)} {look}."


def describe_look(tables: object, edited: int, pictures: int) -> str:
    """Returns at what an ordinary encoder's files are compared.

    With tables of its own, a quality promises the look of the ordinary encoder's file of that quality; edited pictures
    have that encoder's tables of the same quality.

    Args:
        tables: Tables asked for, as in `EncodeOptions`.
        edited: Number of pictures that were edited although carriers were asked for.
        pictures: Number of all pictures.
    """
    if tables != "tuned" or edited == pictures:
        return "at the same quality"
    return "for the same look" + (
        f" (of {count_of(edited, 'picture')}: at the same quality)" if edited else ""
    )


def to_edit_sentences(results: Sequence[runtime.EncodeResult]) -> list[str]:
    """Returns why pictures were edited and have no carriers: one sentence a reason, the most frequent first."""
    reasons = Counter(result.edit_reason for result in results if result.edit_reason is not None)
    return [
        ("As" if len(results) == 1 else f"{count:,} of {count_of(len(results), 'picture')} as")
        + f" with --tables standard: {reason}."
        for reason, count in reasons.most_common()
    ]


def sum_sizes(results: Sequence[runtime.EncodeResult]) -> tuple[int, int, int]:
    """Returns the bytes of all inputs, of all outputs, and of all files that an ordinary encoder makes."""
    return (
        sum(result.size_bytes_input for result in results),
        sum(result.size_bytes for result in results),
        sum(result.size_bytes_plain for result in results),
    )


def short_names(paths: Sequence[Path]) -> list[str]:
    """Returns the paths without the folder that they have in common, printable."""
    absolute = [os.path.abspath(path) for path in paths]  # noqa: PTH100  links are kept
    try:
        common = os.path.commonpath([os.path.dirname(path) for path in absolute])  # noqa: PTH120
    except ValueError:  # on several drives
        return [printable_path(path) for path in paths]
    return [printable_path(os.path.relpath(path, common)) for path in absolute]


def to_detailed_row(result: runtime.EncodeResult) -> tuple[str, ...]:
    """Returns the cells of one picture under `DETAILED_HEADER`."""
    return (
        printable_path(result.source),
        f"{result.size_bytes_plain:,}",
        f"{result.size_bytes:,}",
        f"{result.saved_percent:.1f}",
        f"{result.psnr_plain_db:.2f}",
        f"{result.psnr_db:.2f}",
        f"{result.size_bytes_input:,}",
        "kept" if result.is_copy else f"{result.quality:g}",
    )


def to_detailed_totals(results: Sequence[runtime.EncodeResult]) -> tuple[str, ...]:
    """Returns the last line under `DETAILED_HEADER`."""
    before, now, ordinary = sum_sizes(results)
    return (
        f"{count_of(len(results), 'picture')}, mean PSNR",
        f"{ordinary:,}",
        f"{now:,}",
        f"{100 * (1 - now / ordinary):.1f}",
        _mean(result.psnr_plain_db for result in results),
        _mean(result.psnr_db for result in results),
        f"{before:,}",
        "",
    )


def _mean(values: Iterable[float]) -> str:
    # Of those that have one: an exact copy is infinitely good.
    finite = [value for value in values if math.isfinite(value)]
    return f"{sum(finite) / len(finite):.2f}" if finite else "inf"


def to_json_row(result: runtime.EncodeResult, arguments: argparse.Namespace) -> dict[str, object]:
    """Returns the JSON object of one picture."""
    is_whole = result.quality == int(result.quality)
    return {
        "input": str(result.source),
        "output": str(result.target),
        "width": result.width,
        "height": result.height,
        "quality": int(result.quality) if is_whole else round(result.quality, 4),
        "profile": arguments.profile,
        "strength": round(result.strength, 6),
        "encoder": arguments.encoder,
        "subsampling": arguments.subsampling,
        "copied": result.is_copy,
        "quality_input": result.quality_input,
        "size_bytes_input": result.size_bytes_input,
        "size_bytes_plain": result.size_bytes_plain,
        "size_bytes": result.size_bytes,
        "saved_percent": round(result.saved_percent, 3),
        "psnr_rgb_plain_db": _finite(result.psnr_plain_db),
        "psnr_rgb_db": _finite(result.psnr_db),
        "notes": list(result.notes),
        "reasons": list(result.reasons),
        "edit_reason": result.edit_reason,
    }


def _finite(value: float) -> float | None:
    # JSON knows no infinity: null is the PSNR of an exact copy.
    return round(value, 4) if math.isfinite(value) else None
