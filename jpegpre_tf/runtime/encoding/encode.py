"""One picture file to one smaller JPEG file, with the numbers that show what it gained."""

import io
import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from jpegpre_tf.errors import OutputError, PictureError, TargetError
from jpegpre_tf.runtime.encoding.jpeg_encoder import JpegEncoder
from jpegpre_tf.runtime.encoding.options import EncodeOptions
from jpegpre_tf.runtime.encoding.rate_control import (
    Chosen,
    choose_for_score,
    choose_for_size,
    limited_quality,
)
from jpegpre_tf.runtime.encoding.renderer import Preprocess, Renderer, Score
from jpegpre_tf.runtime.encoding.result import EncodeResult
from jpegpre_tf.runtime.encoding.strip_renderer import StripRenderer, check_decodes
from jpegpre_tf.runtime.encoding.whole_renderer import WholeRenderer
from jpegpre_tf.runtime.pictures.decode import Decoded, decode_file, open_decoded, open_regular_file
from jpegpre_tf.runtime.pictures.jpeg_source import kept_as_it_is, kept_size
from jpegpre_tf.runtime.pictures.metadata import Metadata, insert_metadata, metadata_segments
from jpegpre_tf.runtime.pictures.raster import WHOLE_PIXELS
from jpegpre_tf.storage.atomic import replace_original, write_atomically
from jpegpre_tf.storage.names import shown

# A JPEG file that is encoded again loses a little each time: not for less than this. Of a file that was
# preprocessed before, a second time saves 0.2 to 3 %.
_LEAST_SAVING = 0.03


def encode_file(
    source: str | Path,
    target: str | Path,
    preprocess: Preprocess,
    options: EncodeOptions | None = None,
    *,
    encoder: JpegEncoder | None = None,
    score: Score | None = None,
    before_write: Callable[[EncodeResult, bytes], None] | None = None,
    **changes: Any,
) -> EncodeResult:
    """Preprocesses a picture file and writes it as JPEG, whole or not at all.

    Args:
        source: Picture file; see `open_picture`.
        target: JPEG file to write; replaced if it exists. Must be `source` with `in_place`, and only then may be.
        preprocess: What `load` returns, or anything called like it.
        options: What to do; None is `EncodeOptions()`.
        encoder: Another encoder than the plain one, for example `jpegpre_tf.codecs.MozJPEG()`. Large pictures
            are held whole then, and a target size may be missed by more where one step of quality is large.
        score: Needed for `target_score`: `score(pixels)(jpeg)` is larger for a better file.
        before_write: Called with the result and the content just before the file is replaced.
        **changes: Fields of `EncodeOptions` that differ from `options`, for example `quality=60`.

    Raises:
        PictureError: If the input cannot be read, or is not of the kind asked for.
        TargetError: If the target cannot be reached; the message says what can.
        OutputError: If the output cannot be written.
        ValueError: If an option is not one of those.
    """
    options = replace(options or EncodeOptions(), **changes)
    if options.target_score is not None and score is None:
        raise ValueError("`target_score` needs `score`. Received: score=None")
    _check_target(Path(source), Path(target), options)
    decoded = open_decoded(
        source, max_pixels=options.max_pixels, background=options.background, color=options.color
    )
    if options.in_place and decoded.jpeg is None:
        raise PictureError(f"'{shown(source)}' is not a JPEG file: not replaced in place")
    try:
        result, content, is_unchanged = _encoded(
            Path(source),
            Path(target),
            decoded,
            preprocess,
            options,
            encoder,
            score,
            lambda: _read_again(source, decoded),
        )
    except PictureError as error:
        raise PictureError(f"'{shown(source)}': {error}") from error
    if before_write is not None:
        before_write(result, content)
    _refuse_undecodable(content, source)
    if not options.in_place:
        write_atomically(target, content)
    elif not is_unchanged:
        replace_original(target, content)
    return result


def encode_bytes(
    content: bytes,
    name: str,
    preprocess: Preprocess,
    options: EncodeOptions | None = None,
    *,
    score: Score | None = None,
) -> tuple[EncodeResult, bytes]:
    """Preprocesses a picture file that is in memory, and returns the JPEG file that `encode_file` would write.

    Args:
        content: The picture file.
        name: Of the picture, for messages; `source` and `target` of the result.
        preprocess, options, score: As for `encode_file`.

    Raises:
        PictureError: If the input cannot be read.
        TargetError: If the target cannot be reached; the message says what can.
        OutputError: If the new file does not decode.
        ValueError: If `in_place` is asked for, or `target_score` without `score`.
    """
    options = options or EncodeOptions()
    if options.in_place:
        raise ValueError("`in_place` needs a file, not bytes. Received: in_place=True")
    if options.target_score is not None and score is None:
        raise ValueError("`target_score` needs `score`. Received: score=None")
    path = Path(name)
    decoded = decode_file(
        io.BytesIO(content),
        path,
        max_pixels=options.max_pixels,
        background=options.background,
        color=options.color,
    )
    try:
        result, encoded, _ = _encoded(path, path, decoded, preprocess, options, None, score, lambda: content)
    except PictureError as error:
        raise PictureError(f"'{shown(path)}': {error}") from error
    _refuse_undecodable(encoded, path)
    return result, encoded


def _refuse_undecodable(content: bytes, source: str | Path) -> None:
    """Nothing is replaced by a file that does not open."""
    try:
        check_decodes(content)
    except Exception as error:
        raise OutputError(f"the new file for '{shown(source)}' does not decode: {error}") from error


def _check_target(source: Path, target: Path, options: EncodeOptions) -> None:
    try:
        is_same = source.samefile(target)
    except (OSError, ValueError):
        is_same = False
    if is_same and not options.in_place:
        raise OutputError(f"'{shown(target)}' is the input: it is replaced with `in_place` only")
    if options.in_place and not is_same and source.exists():
        raise ValueError(f"`target` must be `source` with `in_place`. Received: target={target}")


@dataclass(frozen=True)
class _Carried:
    """What goes into the output besides the picture."""

    metadata: Metadata
    size_bytes: int


def _encoded(
    source: Path,
    target: Path,
    decoded: Decoded,
    preprocess: Preprocess,
    options: EncodeOptions,
    encoder: JpegEncoder | None,
    score: Score | None,
    read_again: Callable[[], bytes],
) -> tuple[EncodeResult, bytes, bool]:
    """Returns the numbers, the file, and whether it is the input byte for byte."""
    metadata, lost = decoded.metadata.chosen(options.metadata)
    notes = (*decoded.notes, *lost)
    carried = _Carried(metadata, len(metadata_segments(metadata)) + len(metadata.trailer))
    is_large = decoded.raster.width * decoded.raster.height > WHOLE_PIXELS
    renderer: Renderer
    if is_large and encoder is None:
        renderer = StripRenderer(decoded, preprocess, options.subsampling)
    else:
        renderer = WholeRenderer(decoded, preprocess, options.subsampling, encoder)
    try:
        chosen, is_copy, reasons = _chosen(decoded, renderer, carried, options, score)
    except TargetError as error:
        raise _explained(error, source, decoded, options) from None
    plain = renderer.plain(chosen.quality)
    needed = decoded.metadata.stripped()
    is_unchanged = False
    if is_copy and decoded.jpeg is not None:
        original = read_again()
        content = kept_as_it_is(original, decoded.jpeg, options.metadata, carried.metadata)
        bare = b"" if is_large else kept_as_it_is(original, decoded.jpeg, "strip", needed)
        psnr, is_unchanged = math.inf, content == original
    else:
        content = insert_metadata(chosen.jpeg, metadata)
        bare = b"" if is_large else insert_metadata(chosen.jpeg, needed)
        psnr = renderer.psnr_db(chosen.jpeg)
        if decoded.is_grey and encoder is not None and not encoder.takes_grey:
            notes = (*notes, f"{encoder.name} takes no grey pictures: written as a colour JPEG")
        if decoded.jpeg is None and len(content) > decoded.size_bytes:
            notes = (*notes, "the JPEG file is larger than the input")
    result = EncodeResult(
        source=source,
        target=target,
        width=decoded.raster.width,
        height=decoded.raster.height,
        size_bytes_input=decoded.size_bytes,
        size_bytes_plain=len(plain) + carried.size_bytes,
        size_bytes=len(content),
        psnr_plain_db=renderer.psnr_db(plain),
        psnr_db=psnr,
        quality=chosen.quality,
        strength=chosen.strength,
        is_copy=is_copy,
        quality_input=decoded.jpeg.quality if decoded.jpeg else None,
        is_turned=decoded.metadata.orientation >= 5,
        notes=notes,
        reasons=reasons,
        jpeg_plain=b"" if is_large else insert_metadata(plain, needed),
        jpeg=bare,
    )
    return result, content, is_unchanged


def _read_again(source: str | Path, decoded: Decoded) -> bytes:
    with open_regular_file(source) as file:
        content = file.read()
    if len(content) != decoded.size_bytes:
        raise PictureError("the file changed while it was read")
    return content


def _chosen(
    decoded: Decoded,
    renderer: Renderer,
    carried: _Carried,
    options: EncodeOptions,
    score: Score | None,
) -> tuple[Chosen, bool, tuple[str, ...]]:
    """Returns the settings and file, whether to keep the original instead, and the reasons."""
    highest = limited_quality(options, decoded.jpeg.quality if decoded.jpeg else None)
    original_bytes = None
    if decoded.jpeg is not None and not options.allow_larger and not decoded.is_converted:
        original_bytes = kept_size(decoded.jpeg, options.metadata, carried.metadata)
    limit = options.size_limit_bytes(decoded.raster.width, decoded.raster.height)
    if limit is not None:
        if original_bytes is not None and original_bytes <= limit:
            quality = decoded.jpeg.quality if decoded.jpeg else options.quality
            return Chosen(quality, 0, b""), True, ("the input's own bytes were kept: they fit already",)
        return choose_for_size(renderer, limit - carried.size_bytes, options.strength, highest), False, ()
    if options.target_score is not None and score is not None:
        try:
            chosen = choose_for_score(renderer, options.target_score, options.strength, highest, score)
        except TargetError:
            if original_bytes is None:
                raise
            reason = "the input's own bytes were kept: no new file reaches the score"
            return Chosen(highest, 0, b""), True, (reason,)
        reasons: tuple[str, ...] = ()
    else:
        quality = min(options.quality, highest)
        chosen = Chosen(quality, options.strength, renderer.edited(quality, options.strength))
        said = f"the input is a JPEG of quality {highest}: encoded at that, not at {options.quality}"
        reasons = (said,) if quality < options.quality else ()
    if original_bytes is not None:
        size_bytes = len(chosen.jpeg) + carried.size_bytes
        if size_bytes > original_bytes * (1 - _LEAST_SAVING):
            saved = 100 * (1 - size_bytes / original_bytes)
            won = f"would save {saved:.1f} % only" if saved > 0 else "would not make it smaller"
            return chosen, True, (f"the input's own bytes were kept: encoding again {won}",)
    return chosen, False, reasons


def _explained(error: TargetError, source: Path, decoded: Decoded, options: EncodeOptions) -> TargetError:
    limit = options.size_limit_bytes(decoded.raster.width, decoded.raster.height)
    if limit is None:
        best = f"the highest possible is {error.best:.1f}"
        return TargetError(
            error.best, f"cannot reach score {options.target_score:g} for '{shown(source)}': {best}"
        )
    metadata, _ = decoded.metadata.chosen(options.metadata)
    carried_bytes = len(metadata_segments(metadata)) + len(metadata.trailer)
    smallest = int(error.best) + carried_bytes
    of_these = f", of which {carried_bytes:,} are metadata" if carried_bytes else ""
    return TargetError(
        smallest,
        f"cannot make '{shown(source)}' as small as {limit:,} bytes: the smallest possible is "
        f"{smallest:,} bytes{of_these}",
    )
