"""One picture file to one smaller JPEG file, with the numbers that show what it gained."""

import io
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from jpegpre_tf.errors import OutputError, PictureError
from jpegpre_tf.runtime.encoding.check_decodes import check_decodes
from jpegpre_tf.runtime.encoding.encode_job import EncodeJob
from jpegpre_tf.runtime.encoding.jpeg_encoder import JpegEncoder
from jpegpre_tf.runtime.encoding.options import EncodeOptions
from jpegpre_tf.runtime.encoding.rendering.renderer import PixelEditor, Score
from jpegpre_tf.runtime.encoding.result import EncodeResult
from jpegpre_tf.runtime.pictures.decode import Decoded, decode_file, open_decoded, open_regular_file
from jpegpre_tf.storage.atomic import file_mode, replace_original, write_atomically
from jpegpre_tf.storage.file_state import is_changed
from jpegpre_tf.storage.names import printable_path


def encode_file(
    source: str | Path,
    target: str | Path,
    preprocess: PixelEditor,
    options: EncodeOptions | None = None,
    *,
    encoder: JpegEncoder | None = None,
    score: Score | None = None,
    before_write: Callable[[EncodeResult, bytes], None] | None = None,
    **changes: object,
) -> EncodeResult:
    """Preprocesses a picture file and writes it as JPEG, whole or not at all.

    Args:
        source: Picture file; see `open_picture`.
        target: JPEG file to write, with the permissions of `source`; replaced if it exists.
            Must be `source` with `in_place`, and only then may be.
        preprocess: What `load` returns, or anything called like it.
        options: What to do; None is `EncodeOptions()`.
        encoder: Another encoder than the plain one, for example `jpegpre_tf.codecs.MozJPEG()`. Large pictures
            are held whole then, and a target size may be missed by more where one step of quality is large.
        score: Function needed for `target_score`: `score(pixels)(jpeg)` is larger for a better file.
        before_write: Called with the result and the content just before the file is replaced.
        **changes: Fields of `EncodeOptions` that differ from `options`, for example `quality=60`.

    Raises:
        PictureError: If the input cannot be read, or is not of the kind asked for.
        TargetError: If the target cannot be reached; the message says what can.
        OutputError: If the output cannot be written.
        ValueError: If an option is not one of those.
    """
    fields: Any = changes  # `EncodeOptions` checks names and values
    options = replace(options or EncodeOptions(), **fields)
    if options.target_score is not None and score is None:
        raise ValueError("`target_score` needs `score`. Received: score=None")
    _check_target(Path(source), Path(target), options)
    preprocess = options.limits.watch(preprocess)
    decoded = open_decoded(
        source,
        max_pixels=options.max_pixels,
        background=options.background,
        color=options.color,
        limits=options.limits,
    )
    if options.in_place and decoded.jpeg is None:
        raise PictureError(f"'{printable_path(source)}' is not a JPEG file: not replaced in place")
    if options.in_place and decoded.jpeg is not None and decoded.jpeg.segments.is_arithmetic:
        reason = "its arithmetic coding hides damage: only written to another file (-o)"
        raise PictureError(f"'{printable_path(source)}' is not replaced in place: {reason}")
    try:
        encoded = EncodeJob(
            decoded,
            Path(source),
            Path(target),
            preprocess,
            options,
            encoder=encoder,
            score=score,
            read_input=lambda: _read_again(source, decoded),
        ).run()
    except PictureError as error:
        raise PictureError(f"'{printable_path(source)}': {error}") from error
    if before_write is not None:
        before_write(encoded.result, encoded.content)
    _refuse_undecodable(encoded.content, source)
    if not options.in_place:
        write_atomically(target, encoded.content, file_mode(source))
    elif not encoded.is_unchanged:
        replace_original(target, encoded.content, decoded.state)
    return encoded.result


def encode_bytes(
    content: bytes,
    name: str,
    preprocess: PixelEditor,
    options: EncodeOptions | None = None,
    *,
    score: Score | None = None,
) -> tuple[EncodeResult, bytes]:
    """Preprocesses a picture file that is in memory, and returns the JPEG file that `encode_file` would write.

    Args:
        content: The picture file.
        name: Name of the picture, for messages; `source` and `target` of the result.
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
    preprocess = options.limits.watch(preprocess)
    decoded = decode_file(
        io.BytesIO(content),
        path,
        max_pixels=options.max_pixels,
        background=options.background,
        color=options.color,
        limits=options.limits,
    )
    try:
        encoded = EncodeJob(
            decoded,
            path,
            path,
            preprocess,
            options,
            encoder=None,
            score=score,
            read_input=lambda: content,
        ).run()
    except PictureError as error:
        raise PictureError(f"'{printable_path(path)}': {error}") from error
    _refuse_undecodable(encoded.content, path)
    return encoded.result, encoded.content


def _refuse_undecodable(content: bytes, source: str | Path) -> None:
    """Nothing is replaced by a file that does not open."""
    try:
        check_decodes(content)
    except Exception as error:
        raise OutputError(f"the new file for '{printable_path(source)}' does not decode: {error}") from error


def _check_target(source: Path, target: Path, options: EncodeOptions) -> None:
    try:
        is_same = source.samefile(target)
    except (OSError, ValueError):
        is_same = False
    if is_same and not options.in_place:
        raise OutputError(f"'{printable_path(target)}' is the input: it is replaced with `in_place` only")
    if options.in_place and not is_same and source.exists():
        raise ValueError(f"`target` must be `source` with `in_place`. Received: target={target}")


def _read_again(source: str | Path, decoded: Decoded) -> bytes:
    with open_regular_file(source) as file:
        content = file.read()
    if len(content) != decoded.size_bytes or (decoded.state and is_changed(source, decoded.state)):
        raise PictureError("the file changed while it was read")
    return content
