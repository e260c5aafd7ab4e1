"""`jpegpre optimize`: the pixels of one picture, searched for one quality; for files that are served many times."""

import argparse
import json
import math
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from jpegpre_tf import runtime
from jpegpre_tf._optional import require
from jpegpre_tf.cli.common.arguments import shared_arguments
from jpegpre_tf.cli.common.arguments.encode_arguments import size_bytes
from jpegpre_tf.cli.common.output.messages import print_note
from jpegpre_tf.cli.common.output.progress import Progress
from jpegpre_tf.cli.common.png_output import end_line
from jpegpre_tf.cli.common.process.interrupt import tell_of_output
from jpegpre_tf.cli.common.process.quiet import allow_pixels, quiet_pillow, quiet_tensorflow
from jpegpre_tf.cli.common.process.standard_streams import standard_paths
from jpegpre_tf.cli.common.session import load_profile
from jpegpre_tf.errors import PictureError
from jpegpre_tf.runtime.pictures.metadata.metadata import METADATA_CHOICES
from jpegpre_tf.runtime.pictures.pixels.raster import WHOLE_PIXELS
from jpegpre_tf.storage.atomic import check_writable
from jpegpre_tf.storage.names import printable_path

# What a profile without an objective of its own is searched for.
_OBJECTIVE = {"psnr_y": 0.5, "psnr_rgb": 0.5}
# Searches at different qualities that a target size may take.
_MOST_TRIES = 4
# One step of quality changes a file by about this much.
_GROWTH = 1.025


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declares the verb's arguments."""
    parser.epilog = (
        "Starts from what the profile's network makes of the picture and is never worse than it by what is searched "
        "for: the profile's own metrics and, for a part, all others. Takes 20 seconds to minutes a megapixel; needs "
        "the extra [train]."
    )
    parser.add_argument("input", metavar="IN", help="a picture file; - is stdin")
    parser.add_argument(
        "-o", "--output", required=True, metavar="OUT.jpg", help="JPEG file to write; - is stdout"
    )
    target = parser.add_mutually_exclusive_group()
    shared_arguments.add_quality_argument(target)
    target.add_argument(
        "--target-size", type=size_bytes, metavar="SIZE", help="largest file allowed, such as 200kB"
    )
    parser.add_argument(
        "--profile",
        default=shared_arguments.DEFAULT_PROFILE,
        metavar="NAME",
        help="what to start from and what to search for (default: %(default)s)",
    )
    parser.add_argument(
        "--precision",
        choices=shared_arguments.PRECISIONS,
        help="which file of the model (default: int8 where there is one, else fp32)",
    )
    shared_arguments.add_reading_arguments(parser)
    parser.add_argument(
        "--rounds",
        type=shared_arguments.positive_int,
        default=60,
        metavar="N",
        help="at most so many, it stops by itself when it finds nothing more (default: %(default)s)",
    )
    parser.add_argument(
        "--metadata", choices=METADATA_CHOICES, default="keep", help="what to carry over (default: keep)"
    )
    shared_arguments.add_quiet_argument(parser)
    shared_arguments.add_json_argument(parser, "one JSON object")


def tell_when_interrupted(arguments: argparse.Namespace) -> Callable[[], str]:
    """What is there after Ctrl-C."""
    return tell_of_output(arguments.output)


def run(arguments: argparse.Namespace) -> int:
    """Writes the file; returns 0."""
    quiet_pillow()
    allow_pixels(arguments.max_pixels)
    shared_arguments.check_suffix(arguments.output, (".jpg", ".jpeg"), "JPEG")
    with standard_paths(arguments.input, arguments.output, ".jpg", has_json=arguments.json) as (
        source,
        target,
    ):
        _optimize(arguments, source, target)
    return 0


def _optimize(arguments: argparse.Namespace, source: Path, target: Path) -> None:
    quality = shared_arguments.chosen_quality(arguments)
    session = load_profile(
        arguments.profile, quality, precision=arguments.precision, is_quiet=arguments.quiet
    )
    reading = shared_arguments.reading_options(arguments)
    picture = runtime.open_picture(source, **reading)  # said before TensorFlow's seconds of import
    height, width = picture.pixels.shape[:2]
    if height * width > WHOLE_PIXELS:
        raise PictureError(
            f"'{printable_path(source)}' has {height * width / 1e6:.0f} megapixels: optimize takes up to "
            f"{WHOLE_PIXELS // 1_000_000}"
        )
    check_writable(target)
    quiet_tensorflow()
    require("tensorflow", extra="train", purpose="optimize")
    from jpegpre_tf.search.picture_optimizer import PictureOptimizer

    objective = runtime.find_model(arguments.profile).card.objective or _OBJECTIVE
    begin = time.monotonic()
    with Progress("rounds", is_shown=not arguments.quiet) as progress:
        searched = _Searched(session, PictureOptimizer(objective), arguments.rounds, progress)
        options: dict[str, Any] = {"metadata": arguments.metadata, **reading}
        if arguments.target_size is None:
            result = runtime.encode_file(source, target, searched, quality=quality, **options)
        else:
            result = _within(arguments.target_size, source, target, searched, options)
    seconds = time.monotonic() - begin
    for note in () if arguments.quiet else result.notes:
        print_note(f"'{printable_path(arguments.input)}': {note}", "optimize")
    gain = searched.gain_percent(result.quality)
    if arguments.json:
        names = {"input": arguments.input, "output": arguments.output}
        print(json.dumps({**names, **_description(result, gain, seconds, objective)}))
        return
    of_plain = f"{result.saved_percent:.1f} % smaller than plain JPEG of this quality"
    end_line(
        arguments,
        f"wrote '{printable_path(arguments.output)}', {result.size_bytes:,} bytes at quality {result.quality}, "
        f"{of_plain}; worth {gain:.1f} % of file size beyond the network, in {seconds:.0f} s",
    )


@dataclass
class _Searched:
    """A preprocessor that searches on from the network's result; each quality once."""

    session: runtime.Session
    optimizer: Any
    rounds: int
    progress: Progress
    found: dict[float, Any] = field(default_factory=dict)

    def __call__(self, image: NDArray[np.uint8], quality: float, strength: float = 1.0) -> NDArray[np.uint8]:
        if strength == 0:
            return image
        if quality not in self.found:
            start = self.session(image, quality, strength)
            self.found[quality] = self.optimizer.optimize(
                image,
                start,
                round(quality),
                rounds=self.rounds,
                progress=lambda done, total, _: self.progress.update(done, total),
            )
        pixels: NDArray[np.uint8] = self.found[quality].pixels
        return pixels

    def gain_percent(self, quality: float) -> float:
        """Share of the file that the search was worth, by the objective; 0 if the network's result was kept."""
        result = self.found.get(quality)
        return 100 * (1 - math.exp(result.loss - result.start_loss)) if result else 0.0


def _within(
    limit: int, source: Path, target: Path, searched: _Searched, options: dict[str, Any]
) -> runtime.EncodeResult:
    """The largest quality whose searched file fits, found from where the network's own fits."""
    with tempfile.TemporaryDirectory(prefix="jpegpre-") as folder:
        trial = Path(folder, "trial.jpg")
        first = runtime.encode_file(source, trial, searched.session, target_size_bytes=limit, **options)
        fits: int | None = None
        too_large = 101
        quality = int(first.quality)
        for _ in range(0 if first.is_copy else _MOST_TRIES):
            size = runtime.encode_file(source, trial, searched, quality=quality, **options).size_bytes
            if size <= limit:
                fits = quality
            else:
                too_large = quality
            step = int(math.log(limit / size) / math.log(_GROWTH))
            following = quality + (max(step, 1) if size <= limit else min(step, -1))
            following = max(1, min(following, too_large - 1))
            if following in searched.found:
                break
            quality = following
    if fits is None:
        return runtime.encode_file(source, target, searched.session, target_size_bytes=limit, **options)
    return runtime.encode_file(source, target, searched, quality=fits, **options)


def _description(
    result: runtime.EncodeResult, gain: float, seconds: float, objective: Mapping[str, float]
) -> dict[str, object]:
    return {
        "width": result.width,
        "height": result.height,
        "quality": result.quality,
        "size_bytes": result.size_bytes,
        "size_bytes_plain": result.size_bytes_plain,
        "psnr_db": result.psnr_db if math.isfinite(result.psnr_db) else None,
        "psnr_plain_db": result.psnr_plain_db,
        "objective": dict(objective),
        "gain_percent": round(gain, 2),
        "seconds": round(seconds, 1),
        "notes": list(result.notes),
    }
