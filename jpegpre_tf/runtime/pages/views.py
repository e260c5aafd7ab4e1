"""What a before/after page shows beside the two files of one quality: the original, and a plain file as large."""

from dataclasses import dataclass

from jpegpre_tf.runtime.encoding.jpeg_file import encode_jpeg
from jpegpre_tf.runtime.encoding.result import EncodeResult
from jpegpre_tf.runtime.pictures.metadata.metadata import insert_metadata
from jpegpre_tf.runtime.pictures.picture import Picture

# Cannot be told from the original by eye, and a tenth of a lossless file.
_ORIGINAL_QUALITY = 95


@dataclass(frozen=True)
class Views:
    """JPEG files to look at.

    Attributes:
        original: The input, at a quality that hides nothing.
        equal_size: The plain encoder's file whose size is nearest to the preprocessed one's.
        equal_size_quality: Quality of that file, 1..100.
        equal_size_bytes: Size of that file, with the metadata that the written file has.
    """

    original: bytes
    equal_size: bytes
    equal_size_quality: int
    equal_size_bytes: int


def make_views(picture: Picture, result: EncodeResult, subsampling: str = "4:2:0") -> Views:
    """Returns the views of a picture that `encode_file` has made `result` of.

    Args:
        picture: The input.
        result: Result with the files in it.
        subsampling: Chroma subsampling of the plain encoder.
    """
    needed = picture.metadata.stripped()

    def encode(quality: int, sampling: str) -> bytes:
        jpeg = encode_jpeg(picture.pixels, quality, subsampling=sampling, is_gray=picture.is_gray)
        return insert_metadata(jpeg, needed)

    aim = len(result.jpeg)
    low, high = 1, 100
    while low < high:  # the largest quality that is no larger
        middle = (low + high + 1) // 2
        if len(encode(middle, subsampling)) <= aim:
            low = middle
        else:
            high = middle - 1
    candidates = [(encode(quality, subsampling), quality) for quality in (low, min(low + 1, 100))]
    equal, quality = min(candidates, key=lambda candidate: abs(len(candidate[0]) - aim))
    carried = result.size_bytes - aim
    return Views(encode(_ORIGINAL_QUALITY, "4:4:4"), equal, quality, len(equal) + carried)
