"""JPEG files that people have: encoders, samplings, colour, metadata, further pictures."""

import io
import struct

from PIL import Image, ImageCms

from tests.corpus.case import (
    KEPT,
    Case,
    cjpeg,
    exiftool,
    insert,
    jpegtran,
    package,
    patched,
    photo,
    saved,
    vips,
    vips_picture,
)

_XMP = b"http://ns.adobe.com/xap/1.0/\0"
_LOWER = (r"JPEG of quality \d+: encoded at that",)


def oriented(value: int, kind: str = "JPEG") -> bytes:
    exif = Image.Exif()
    exif[0x0112] = value
    return saved(kind, quality=90, exif=exif)


def srgb_profile() -> bytes:
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def p3_profile() -> bytes:
    return bytes(package("pyvips").Image.profile_load("p3"))


def vips_cmyk() -> bytes:
    picture = vips_picture().copy(interpretation="srgb")
    return vips("jpegsave", picture.icc_transform("cmyk", input_profile="srgb"), Q=92)


def ycck() -> bytes:
    # Adobe's transform flag 2: the same numbers, to be read as YCCK.
    content = saved("JPEG", photo().convert("CMYK"), quality=95)
    at = content.index(b"Adobe")
    return content[: at + 11] + b"\2" + content[at + 12 :]


def multi_picture() -> bytes:
    second = photo().rotate(180)
    return saved("MPO", save_all=True, append_images=[second], quality=90)


def ultra_hdr(trailer: bytes = b"") -> bytes:
    """Primary, XMP that names the gain map, MPF index, gain map: as phones write it."""
    gain_map = insert(
        saved("JPEG", photo(48, 40).convert("L"), quality=85),
        (0xE1, _XMP + b'<x:xmpmeta xmlns:x="adobe:ns:meta/" hdrgm:Version="1.0"/>'),
    )
    xmp = b'<x:xmpmeta xmlns:x="adobe:ns:meta/" hdrgm:Version="1.0"><Container:Directory/></x:xmpmeta>'
    bare = insert(saved("JPEG", quality=90), (0xE1, _XMP + xmp))
    index = mpf_index([0, len(gain_map)], 0)
    primary = insert(bare, (0xE2, index))
    # The index is the first segment: its TIFF header is at 2 + 4 + 4.
    index = mpf_index([len(primary), len(gain_map)], len(primary) - 10)
    return insert(bare, (0xE2, index)) + gain_map + trailer


def mpf_index(sizes: list[int], second_offset: int) -> bytes:
    """CIPA DC-007: version, number of pictures, and 16 bytes for each."""
    entries = struct.pack(">IIIHH", 0x030000, sizes[0], 0, 0, 0)
    entries += struct.pack(">IIIHH", 0, sizes[1], second_offset, 0, 0)
    directory = struct.pack(">H", 3)
    directory += struct.pack(">HHI4s", 0xB000, 7, 4, b"0100")
    directory += struct.pack(">HHII", 0xB001, 4, 1, 2)
    directory += struct.pack(">HHII", 0xB002, 7, 32, 8 + 2 + 36 + 4)
    return b"MPF\0MM\0*" + struct.pack(">I", 8) + directory + struct.pack(">I", 0) + entries


def gain_map_is_kept(before: bytes, after: bytes) -> None:
    """The second picture is found through the index of the output, by Pillow, which reads MPF itself."""
    gain_map = before[before.rindex(b"\xff\xd8\xff") :]
    assert after.endswith(gain_map)
    with Image.open(io.BytesIO(after)) as image:
        index = image.mpinfo if hasattr(image, "mpinfo") else image._getmp()
    first, second = index[0xB002]
    assert first["Size"] == len(after) - len(gain_map)
    assert second["Size"] == len(gain_map)
    # Offsets count from the TIFF header of the index.
    assert after.index(b"MPF\0") + 4 + second["DataOffset"] == len(after) - len(gain_map)


def ends_alike(before: bytes, after: bytes) -> None:
    assert before[-100:] == after[-100:]


def same_exif(before: bytes, after: bytes) -> None:
    for key in ("exif", "icc_profile", "xmp", "comment"):
        with Image.open(io.BytesIO(before)) as old, Image.open(io.BytesIO(after)) as new:
            assert old.info.get(key) == new.info.get(key), key


def tagged(*options: str) -> bytes:
    return exiftool(saved("JPEG", quality=90), *options)


CASES = [
    Case("420.jpg", "ordinary 4:2:0", lambda: saved("JPEG", quality=90)),
    Case("422.jpg", "4:2:2", lambda: saved("JPEG", quality=90, subsampling=1)),
    Case("444.jpg", "4:4:4", lambda: saved("JPEG", quality=90, subsampling=0)),
    Case("440.jpg", "sampling 1x2 by cjpeg", lambda: cjpeg("-quality", "90", "-sample", "1x2")),
    Case("411.jpg", "sampling 4x1 by cjpeg", lambda: cjpeg("-quality", "90", "-sample", "4x1")),
    Case("410.jpg", "sampling 4x2 by cjpeg", lambda: cjpeg("-quality", "90", "-sample", "4x2")),
    Case("mixed-sampling.jpg", "each component its own", lambda: cjpeg("-sample", "2x2,2x1,1x2"), looks=None),
    Case("grey.jpg", "one component", lambda: saved("JPEG", photo().convert("L"), quality=90), mode="L"),
    Case("grey-2x2.jpg", "grey with sampling factors", lambda: cjpeg("-grayscale", "-sample", "2x2"), mode="L"),
    Case("progressive.jpg", "progressive", lambda: saved("JPEG", quality=95, progressive=True)),
    Case("scans.jpg", "progressive by jpegtran", lambda: jpegtran("-progressive")),
    Case("restart.jpg", "restart markers in each row", lambda: cjpeg("-quality", "90", "-restart", "1")),
    Case("restart-block.jpg", "restart markers in each block", lambda: jpegtran("-restart", "1B")),
    Case("arithmetic.jpg", "arithmetic coding", lambda: cjpeg("-quality", "95", "-arithmetic"),
         says=(r"arithmetic coding hides most damage",)),
    Case("rgb.jpg", "RGB components, no colour transform", lambda: cjpeg("-quality", "90", "-rgb")),
    Case("fast-dct.jpg", "another DCT", lambda: cjpeg("-quality", "90", "-dct", "fast")),
    Case("smoothed.jpg", "smoothed while encoding", lambda: cjpeg("-quality", "90", "-smooth", "50")),
    Case("quality-100.jpg", "tables of 1", lambda: saved("JPEG", quality=100)),
    Case("quality-1.jpg", "16-bit tables", lambda: cjpeg("-quality", "1"), says=_LOWER, looks=15),
    Case("quality-30.jpg", "lower quality than asked for", lambda: saved("JPEG", quality=30), says=_LOWER),
    Case("optimized.jpg", "progressive at the quality asked for",
         lambda: saved("JPEG", photo(300, 300), quality=75, progressive=True), KEPT, (r"own bytes were kept",),
         options={"strength": 0}),
    Case("larger.jpg", "made larger when that is asked for", lambda: saved("JPEG", quality=20), looks=12,
         options={"allow_larger": True, "quality": 95}),
    Case("jpegli.jpg", "adaptive quantisation", lambda: bytes(jpegli())),
    Case("mozjpeg.jpg", "MozJPEG's trellis", lambda: vips("jpegsave", Q=90, trellis_quant=True, interlace=True)),
    Case("opencv.jpg", "written by OpenCV", lambda: opencv()),
    Case("transposed.jpg", "jpegtran -transpose", lambda: jpegtran("-transpose")),
    Case("cropped.jpg", "jpegtran -crop", lambda: jpegtran("-crop", "40x30+16+16")),
    Case("cmyk.jpg", "CMYK with Adobe's marker", lambda: saved("JPEG", photo().convert("CMYK"), quality=90)),
    Case("cmyk-profile.jpg", "CMYK with a profile of inks", vips_cmyk, looks=None),
    Case("cmyk-bad-profile.jpg", "CMYK with a broken profile",
         lambda: saved("JPEG", photo().convert("CMYK"), quality=90, icc_profile=b"nothing")),
    Case("ycck.jpg", "YCCK", ycck),
    Case("p3.jpg", "Display P3 profile is kept", lambda: saved("JPEG", quality=90, icc_profile=p3_profile()),
         check=same_exif),
    Case("p3-to-srgb.jpg", "Display P3 converted when asked", looks=None,
         make=lambda: saved("JPEG", quality=90, icc_profile=p3_profile()), options={"color": "srgb"},
         check=lambda before, after: no_profile(after)),
    Case("p3-to-srgb-nothing-won.jpg", "converted when asked, even if nothing is won", looks=None,
         make=lambda: saved("JPEG", quality=75, optimize=True, icc_profile=p3_profile()),
         options={"color": "srgb", "strength": 0}, check=lambda before, after: no_profile(after)),
    Case("srgb.jpg", "sRGB profile is kept", lambda: saved("JPEG", quality=90, icc_profile=srgb_profile()),
         check=same_exif),
    Case("broken-profile.jpg", "a profile that is none is carried all the same",
         lambda: saved("JPEG", quality=90, icc_profile=b"nothing"), check=same_exif),
    *(
        Case(f"orientation-{value}.jpg", f"EXIF orientation {value}", lambda value=value: oriented(value))
        for value in (2, 3, 4, 5, 6, 7, 8)
    ),
    Case("orientation-9.jpg", "EXIF orientation that does not exist", lambda: oriented(9)),
    Case("exif-cut.jpg", "EXIF cut off",
         lambda: insert(saved("JPEG", quality=90), (0xE1, b"Exif\0\0II*\0\x08\0\0\0\x09\0\x12"))),
    Case("exif-motorola.jpg", "big-endian EXIF by exiftool", check=same_exif,
         make=lambda: tagged("-exifbyteorder=MM", "-Make=A", "-GPSLatitude=1", "-GPSLatitudeRef=N")),
    Case("iptc-xmp.jpg", "IPTC and XMP by exiftool", check=same_exif,
         make=lambda: tagged("-IPTC:City=Oslo", "-XMP:Title=T", "-Comment=C")),
    Case("thumbnail.jpg", "a thumbnail in EXIF", check=same_exif,
         make=lambda: insert(saved("JPEG", quality=90), (0xE1, exif_with_thumbnail()))),
    Case("two-exif.jpg", "two EXIF segments", looks=None, check=lambda before, after: two_exif(after),
         make=lambda: insert(saved("JPEG", quality=90), (0xE1, oriented_exif()), (0xE1, b"Exif\0\0second"))),
    Case("comments.jpg", "several comments", check=lambda before, after: all_in(after, b"one!", b"two!"),
         make=lambda: insert(saved("JPEG", quality=90), (0xFE, b"one!"), (0xFE, b"two!"))),
    Case("extended-xmp.jpg", "XMP in two kinds of segment", check=lambda before, after: all_in(after, b"GUID"),
         make=lambda: insert(saved("JPEG", quality=90), (0xE1, _XMP + b"<x/>"),
                             (0xE1, b"http://ns.adobe.com/xmp/extension/\0GUID"))),
    Case("maker-segments.jpg", "APP4 and APP10 of a maker",
         check=lambda before, after: all_in(after, b"APP4!", b"TEN!"),
         make=lambda: insert(saved("JPEG", quality=90), (0xE4, b"APP4!"), (0xEA, b"TEN!"))),
    Case("credentials.jpg", "content credentials, void once bytes change", says=(r"content credentials.*dropped",),
         make=lambda: insert(saved("JPEG", quality=90), (0xEB, b"JP\0\1c2pa"))),
    Case("jfxx.jpg", "a thumbnail in JFXX", says=(r"JFXX thumbnail",),
         make=lambda: insert(saved("JPEG", quality=90), (0xE0, b"JFXX\0\x10thumb"))),
    Case("density.jpg", "dots per inch", lambda: saved("JPEG", quality=90, dpi=(240, 120)),
         check=lambda before, after: dpi(after, (240, 120))),
    Case("no-jfif.jpg", "no JFIF header", lambda: without_jfif(saved("JPEG", quality=90))),
    Case("fill-bytes.jpg", "fill bytes before a marker",
         lambda: patched(saved("JPEG", quality=90), b"\xff\xdb", b"\xff\xff\xff\xff\xdb")),
    Case("multi.jpg", "two pictures in one file (MPF) are both kept", multi_picture, check=gain_map_is_kept),
    Case("ultra-hdr.jpg", "HDR gain map is kept and found", ultra_hdr, check=gain_map_is_kept),
    Case("ultra-hdr-stripped.jpg", "a dropped gain map is said", ultra_hdr, says=(r"HDR gain map was dropped",),
         options={"metadata": "strip"}, check=lambda before, after: none_in(after, b"hdrgm", b"MPF\0")),
    Case("ultra-hdr-gps.jpg", "what may hold positions is dropped and said", ultra_hdr,
         says=(r"XMP was dropped", r"HDR gain map was dropped"), options={"metadata": "strip-gps"},
         check=lambda before, after: none_in(after, b"hdrgm", b"MPF\0")),
    Case("gain-map-gone.jpg", "XMP promises a gain map that is not there", says=(r"gain map cannot be kept",),
         make=lambda: insert(saved("JPEG", quality=90), (0xE1, _XMP + b'<x hdrgm:Version="1.0"/>')),
         check=lambda before, after: none_in(after, b"hdrgm")),
    Case("mpf-damaged.jpg", "an index that points nowhere", says=(r"index of further pictures is damaged",),
         make=lambda: insert(saved("JPEG", quality=90), (0xE2, mpf_index([100, 100], 1 << 30))) + b"\xff\xd8xx"),
    Case("motion.jpg", "a video behind the picture", lambda: saved("JPEG", quality=90) + b"\0\0\0\x18ftypmp42" * 20,
         check=ends_alike),
    Case("zeros-behind.jpg", "zeros behind the picture", lambda: saved("JPEG", quality=90) + bytes(500),
         check=ends_alike),
]  # fmt: skip


def jpegli() -> bytes:
    import numpy as np

    from jpegpre_tf.codecs.registry import get_encoder

    package("pyjpegli")
    return get_encoder("jpegli").encode_bytes(np.asarray(photo()), 90)


def opencv() -> bytes:
    import numpy as np

    pixels = np.asarray(photo())[..., ::-1]
    return package("cv2").imencode(".jpg", pixels)[1].tobytes()


def exif_with_thumbnail() -> bytes:
    thumbnail = saved("JPEG", photo(32, 24))
    first = struct.pack("<HHHII", 1, 0x0112, 3, 1, 1) + struct.pack("<I", 26)
    second = struct.pack("<H", 2) + struct.pack("<HHII", 0x0201, 4, 1, 56)
    second += struct.pack("<HHII", 0x0202, 4, 1, len(thumbnail)) + bytes(4)
    return b"Exif\0\0II*\0\x08\0\0\0" + first + second + thumbnail


def oriented_exif() -> bytes:
    exif = Image.Exif()
    exif[0x0112] = 6
    return exif.tobytes()


def without_jfif(content: bytes) -> bytes:
    return content[:2] + content[4 + int.from_bytes(content[4:6], "big") :]


def no_profile(content: bytes) -> None:
    with Image.open(io.BytesIO(content)) as image:
        assert "icc_profile" not in image.info


def dpi(content: bytes, expected: tuple[int, int]) -> None:
    with Image.open(io.BytesIO(content)) as image:
        assert image.info["dpi"] == expected


def two_exif(content: bytes) -> None:
    first, second = content.index(b"Exif\0\0"), content.rindex(b"Exif\0\0")
    assert content[first:].startswith(oriented_exif()) and content[second:].startswith(b"Exif\0\0second")


def all_in(content: bytes, *parts: bytes) -> None:
    assert all(part in content for part in parts)


def none_in(content: bytes, *parts: bytes) -> None:
    assert not any(part in content for part in parts)
