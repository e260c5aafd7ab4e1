"""One encoding, from an opened picture to the content of the new file and its numbers."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from jpegpre_tf.errors import PictureError, TargetError
from jpegpre_tf.runtime.encoding.carriers.carriers import Carriers, make_carriers
from jpegpre_tf.runtime.encoding.carriers.encoder_tables import CarrierError
from jpegpre_tf.runtime.encoding.jpeg_encoder import JpegEncoder
from jpegpre_tf.runtime.encoding.options import EncodeOptions
from jpegpre_tf.runtime.encoding.rendering.rendered import Rendered
from jpegpre_tf.runtime.encoding.rendering.renderer import PixelEditor, Renderer, Score
from jpegpre_tf.runtime.encoding.rendering.strip_renderer import StripRenderer
from jpegpre_tf.runtime.encoding.rendering.whole_renderer import WholeRenderer
from jpegpre_tf.runtime.encoding.result import EncodeResult
from jpegpre_tf.runtime.encoding.targets.rate_control import (
    Choice,
    choose_for_score,
    choose_for_size,
    highest_quality,
)
from jpegpre_tf.runtime.pictures.decode import Decoded
from jpegpre_tf.runtime.pictures.jpeg_files.jpeg_source import copy_with_metadata, size_with_metadata
from jpegpre_tf.runtime.pictures.jpeg_files.made_file import MARK_BYTES, MadeMark, insert_mark, stays
from jpegpre_tf.runtime.pictures.metadata.metadata import insert_metadata, metadata_segments
from jpegpre_tf.runtime.pictures.pixels.raster import WHOLE_PIXELS
from jpegpre_tf.storage.names import printable_path

# A JPEG file that is encoded again loses a little each time: not for less than this. Of a file that was
# preprocessed before, a second time saves 0.2 to 3 %.
_LEAST_SAVING = 0.03


@dataclass(frozen=True)
class Encoded:
    """What an `EncodeJob` gives.

    Attributes:
        result: The numbers.
        content: The new file.
        is_unchanged: Whether `content` is the input byte for byte.
    """

    result: EncodeResult
    content: bytes
    is_unchanged: bool


class EncodeJob:
    """One picture to one JPEG file.

    Args:
        decoded: The opened picture; closed by `run`.
        source: Input file, for messages and the result.
        target: Output file, for the result.
        preprocess: What `load` returns, or anything called like it.
        options: What to do.
        encoder: Another encoder than the plain one.
        score: Scores files of a picture; needed for a target score only.
        read_input: Returns the input file's bytes.
    """

    def __init__(
        self,
        decoded: Decoded,
        source: Path,
        target: Path,
        preprocess: PixelEditor,
        options: EncodeOptions,
        *,
        encoder: JpegEncoder | None,
        score: Score | None,
        read_input: Callable[[], bytes],
    ) -> None:
        self._decoded = decoded
        self._source, self._target = source, target
        self._preprocess = preprocess
        self._options = options
        self._encoder = encoder
        self._score = score
        self._read_input = read_input
        self._width, self._height = decoded.raster.width, decoded.raster.height
        self._is_large = self._width * self._height > WHOLE_PIXELS
        self._metadata, lost = decoded.metadata.select(options.metadata)
        self._metadata_bytes = len(metadata_segments(self._metadata)) + len(self._metadata.trailer)
        self._mark_bytes = MARK_BYTES if options.strength > 0 else 0
        self._limit_bytes = options.size_limit_bytes(self._width, self._height)
        self._notes = [*decoded.notes, *lost]
        self._reasons: list[str] = []
        self._carriers: Carriers | None = None
        self._edit_reason: str | None = None
        self._input_bytes = self._keepable_bytes()

    def run(self) -> Encoded:
        """Encodes.

        Raises:
            PictureError: If the picture cannot be decoded to its end, or the encoder fails.
            TargetError: If the target cannot be reached; the message says what can.
        """
        renderer = self._make_renderer()
        choice = self._choose(renderer)
        plain = renderer.render_plain(choice.quality)
        if choice.rendered is None:
            return self._keep_input(choice, plain)
        return self._write(choice, choice.rendered, plain)

    def _make_renderer(self) -> Renderer:
        options = self._options
        self._carriers = self._make_carriers()
        if self._is_large and self._encoder is None:
            if options.scan == "progressive":
                self._reasons.append("a picture of this size is written as baseline")
            return StripRenderer(
                self._decoded, self._preprocess, options.subsampling, carriers=self._carriers
            )
        return WholeRenderer(
            self._decoded,
            self._preprocess,
            options.subsampling,
            self._encoder,
            scan=options.scan,
            carriers=self._carriers,
        )

    def _make_carriers(self) -> Carriers | None:
        """Returns what makes carriers; None, and the reason is noted, where the encoder's tables are to be kept."""
        options, jpeg = self._options, self._decoded.jpeg
        if options.tables == "standard":
            return None
        has_target = self._limit_bytes is not None or options.target_score is not None
        at_own_quality = jpeg is not None and not options.allow_larger and options.quality >= jpeg.quality
        if at_own_quality and not has_target and not options.has_own_tables:
            self._edit_reason = "a JPEG input at its own quality is not rounded in steps other than its own"
            return None
        try:
            return make_carriers(self._preprocess, options, self._encoder, self._height, self._width)
        except CarrierError as error:
            if options.has_own_tables:
                raise PictureError(f"the tables given cannot be used: {error}") from None
            self._edit_reason = str(error)
            return None

    def _choose(self, renderer: Renderer) -> Choice:
        """Returns the settings and their file, or the settings of which nothing is won over the input's bytes."""
        if self._limit_bytes is not None:
            return self._choose_for_size(renderer, self._limit_bytes)
        jpeg = self._decoded.jpeg
        made = jpeg.made if jpeg is not None and self._input_bytes is not None else None
        if jpeg is not None and stays(made, self._options.quality, self._options.strength):
            self._reasons.append("the input's own bytes were kept: it is a result of an earlier run")
            return Choice(jpeg.quality, 0, None)
        if self._options.target_score is not None and self._score is not None:
            choice = self._choose_for_score(renderer, self._options.target_score, self._score)
        else:
            choice = self._render_as_asked(renderer)
        return self._prefer_input(choice)

    def _choose_for_size(self, renderer: Renderer, limit_bytes: int) -> Choice:
        if self._input_bytes is not None and self._input_bytes <= limit_bytes:
            self._reasons.append("the input's own bytes were kept: they fit already")
            jpeg = self._decoded.jpeg
            return Choice(jpeg.quality if jpeg else self._options.quality, 0, None)
        try:
            return choose_for_size(
                renderer,
                limit_bytes - self._metadata_bytes - self._mark_bytes,
                self._options.strength,
                self._highest_quality(),
            )
        except TargetError as error:
            smallest = int(error.best) + self._metadata_bytes + self._mark_bytes
            of_these = f", of which {self._metadata_bytes:,} are metadata" if self._metadata_bytes else ""
            raise TargetError(
                smallest,
                f"cannot make '{printable_path(self._source)}' as small as {limit_bytes:,} bytes: the smallest "
                f"possible is {smallest:,} bytes{of_these}",
            ) from None

    def _choose_for_score(self, renderer: Renderer, least: float, score: Score) -> Choice:
        highest = self._highest_quality()
        try:
            return choose_for_score(renderer, least, self._options.strength, highest, score)
        except TargetError as error:
            if self._input_bytes is not None:
                self._reasons.append("the input's own bytes were kept: no new file reaches the score")
                return Choice(highest, 0, None)
            raise TargetError(
                error.best,
                f"cannot reach score {least:g} for '{printable_path(self._source)}': the highest possible is "
                f"{error.best:.1f}",
            ) from None

    def _render_as_asked(self, renderer: Renderer) -> Choice:
        asked, highest = self._options.quality, self._highest_quality()
        quality = min(asked, highest)
        if quality < asked:
            self._reasons.append(f"the input is a JPEG of quality {highest}: encoded at that, not at {asked}")
        return Choice(quality, self._options.strength, renderer.render(quality, self._options.strength))

    def _prefer_input(self, choice: Choice) -> Choice:
        """Returns the choice, without its file where the input's own bytes are as good."""
        if self._input_bytes is None or choice.rendered is None:
            return choice
        size_bytes = choice.rendered.size_bytes + self._metadata_bytes + self._mark_bytes
        if size_bytes <= self._input_bytes * (1 - _LEAST_SAVING):
            return choice
        saved = 100 * (1 - size_bytes / self._input_bytes)
        won = f"would save {saved:.1f} % only" if saved > 0 else "would not make it smaller"
        self._reasons = [f"the input's own bytes were kept: encoding again {won}"]
        return Choice(choice.quality, choice.strength, None)

    def _keep_input(self, choice: Choice, plain: Rendered) -> Encoded:
        jpeg = self._decoded.jpeg
        if jpeg is None:
            raise ValueError("only a JPEG file can be kept")
        original = self._read_input()
        content = copy_with_metadata(original, jpeg, self._options.metadata, self._metadata)
        bare = copy_with_metadata(original, jpeg, "strip", self._decoded.metadata.stripped())
        result = self._result(choice, content, plain, bare, psnr_db=math.inf)
        return Encoded(result, content, is_unchanged=content == original)

    def _write(self, choice: Choice, rendered: Rendered, plain: Rendered) -> Encoded:
        jpeg = rendered.jpeg
        if choice.strength > 0:  # what the encoder alone writes stays that, byte for byte
            jpeg = insert_mark(jpeg, MadeMark(round(choice.quality), choice.strength))
        content = insert_metadata(jpeg, self._metadata)
        bare = b"" if self._is_large else insert_metadata(rendered.jpeg, self._decoded.metadata.stripped())
        if self._decoded.is_gray and self._encoder is not None and not self._encoder.takes_gray:
            self._notes.append(f"{self._encoder.name} takes no grey pictures: written as a colour JPEG")
        if self._decoded.jpeg is None and len(content) > self._decoded.size_bytes:
            self._notes.append("the JPEG file is larger than the input")
        result = self._result(choice, content, plain, bare, psnr_db=self._psnr_db(rendered))
        return Encoded(result, content, is_unchanged=False)

    def _result(
        self, choice: Choice, content: bytes, plain: Rendered, bare: bytes, *, psnr_db: float
    ) -> EncodeResult:
        metadata, jpeg = self._decoded.metadata, self._decoded.jpeg
        return EncodeResult(
            source=self._source,
            target=self._target,
            width=self._width,
            height=self._height,
            size_bytes_input=self._decoded.size_bytes,
            size_bytes_plain=plain.size_bytes + self._metadata_bytes,
            size_bytes=len(content),
            psnr_plain_db=self._psnr_db(plain),
            psnr_db=psnr_db,
            quality=choice.quality,
            strength=choice.strength,
            is_copy=choice.rendered is None,
            quality_input=jpeg.quality if jpeg else None,
            is_turned=metadata.orientation >= 5,
            notes=tuple(self._notes),
            reasons=tuple(self._reasons),
            jpeg_plain=b"" if self._is_large else insert_metadata(plain.jpeg, metadata.stripped()),
            jpeg=b"" if self._is_large else bare,
            edit_reason=None if choice.rendered is None else choice.rendered.edit_reason or self._edit_reason,
        )

    def _psnr_db(self, rendered: Rendered) -> float:
        return rendered.psnr_db if self._options.measure_psnr else math.nan

    def _highest_quality(self) -> int:
        jpeg = self._decoded.jpeg
        return highest_quality(self._options, jpeg.quality if jpeg else None)

    def _keepable_bytes(self) -> int | None:
        """Size of the output if the input's picture is kept; None if it must not be."""
        jpeg = self._decoded.jpeg
        if jpeg is None or self._options.allow_larger or self._decoded.is_converted:
            return None
        return size_with_metadata(jpeg, self._options.metadata, self._metadata)
