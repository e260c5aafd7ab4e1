"""Files that are not, or not wholly, what they say."""

import struct

from tests.corpus.case import REFUSED, Case, insert, patched, photo, png_chunk, png_with, saved


def jpeg_header_says(width: int, height: int) -> bytes:
    content = saved("JPEG", quality=90)
    return patched(content, struct.pack(">HH", 80, 96), struct.pack(">HH", height, width))


def png_header_says(width: int, height: int) -> bytes:
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return saved("PNG")[:8] + png_chunk(b"IHDR", header) + saved("PNG")[33:]


def wrong_crc() -> bytes:
    content = bytearray(saved("PNG"))
    content[30] ^= 1
    return bytes(content)


def half(kind: str, **options) -> bytes:
    content = saved(kind, **options)
    return content[: len(content) // 2]


def apple_png() -> bytes:
    """Xcode's PNG: another first chunk, and data without zlib's header and checksum."""
    import zlib

    raw = b"".join(b"\0" + photo().crop((0, y, 96, y + 1)).tobytes() for y in range(80))
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    data = packer.compress(raw) + packer.flush()
    header = png_chunk(b"IHDR", struct.pack(">IIBBBBB", 96, 80, 8, 2, 0, 0, 0))
    chunks = png_chunk(b"CgBI", b"\x50\0\x20\6") + header + png_chunk(b"IDAT", data)
    return saved("PNG")[:8] + chunks + png_chunk(b"IEND", b"")


def refused(name: str, tests: str, make, *says: str, **options) -> Case:
    return Case(name, tests, make, REFUSED, says or ("",), **options)


CASES = [
    refused("empty.jpg", "no bytes", lambda: b"", "not a picture"),
    refused("text.jpg", "text under a picture's name", lambda: b"hello\n" * 40, "not a picture"),
    refused("soi.jpg", "a start marker only", lambda: b"\xff\xd8\xff\xe0"),
    refused("half.jpg", "cut in half", lambda: saved("JPEG", photo(400, 300), quality=90)[:9000], "truncated"),
    refused("no-scan.jpg", "cut before the scan", lambda: saved("JPEG")[:300]),
    refused("no-end.jpg", "no end marker", lambda: saved("JPEG", quality=90)[:-2], "truncated"),
    refused("12-bit.jpg", "12 bits per sample",
            lambda: patched(saved("JPEG"), b"\xff\xc0\0\x11\x08", b"\xff\xc0\0\x11\x0c"), "12 bits a sample"),
    refused("lossless.jpg", "lossless JPEG (SOF3)", lambda: patched(saved("JPEG"), b"\xff\xc0", b"\xff\xc3"),
            "lossless"),
    refused("no-height.jpg", "height in a DNL marker", lambda: jpeg_header_says(96, 0), "DNL"),
    refused("too-short.jpg", "160 megapixels in 5 kB", lambda: jpeg_header_says(20_000, 8000), "too short"),
    refused("bomb.jpg", "4 gigapixels", lambda: jpeg_header_says(65_500, 65_500), "pixels"),
    refused("too-wide.jpg", "wider than libjpeg writes", lambda: jpeg_header_says(65_501, 8), "65500"),
    refused("no-tables.jpg", "no quantisation tables", lambda: patched(saved("JPEG"), b"\xff\xdb", b"\xff\xfe")),
    refused("over-limit.png", "over --max-pixels", lambda: saved("PNG"), "more than 5000 pixels",
            options={"max_pixels": 5000}),
    refused("half.png", "cut in half", lambda: saved("PNG")[:5000]),
    refused("signature.png", "a signature only", lambda: b"\x89PNG\r\n\x1a\n"),
    refused("crc.png", "a wrong checksum of the header", wrong_crc),
    refused("no-size.png", "0 x 0 pixels", lambda: png_header_says(0, 0)),
    refused("bomb.png", "2.5 gigapixels", lambda: png_header_says(50_000, 50_000), "pixels"),
    refused("too-tall.png", "taller than JPEG allows", lambda: saved("PNG", photo().resize((1, 65_501))), "65500"),
    refused("apple.png", "Apple's CgBI variant", apple_png),
    Case("text-bomb.png", "compressed text of 100 MB", lambda: png_with(b"zTXt", text_bomb()),
         says=("its zTXt chunk is damaged",), looks=None),  # Pillow refuses to show it
    refused("half.webp", "cut in half", lambda: half("WEBP", quality=90)),
    refused("half.tif", "cut in half", lambda: saved("TIFF")[:9000]),
    refused("half.gif", "cut in half", lambda: saved("GIF", photo().quantize(64))[:2000]),
    refused("half.bmp", "cut in half", lambda: saved("BMP")[:9000]),
    refused("half.avif", "cut in half", lambda: half("AVIF", quality=80)),
    refused("drawing.eps", "would start Ghostscript", lambda: b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n"),
    refused("icon.ico", "an icon", lambda: saved("ICO"), "not a picture"),
    refused("page.pdf.jpg", "a PDF", lambda: saved("PDF"), "not a picture"),
    refused("drawing.svg.png", "an SVG", lambda: b"<svg xmlns='http://www.w3.org/2000/svg'/>", "not a picture"),
    refused("video.jpg", "a video", lambda: b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom" + bytes(500), "not a picture"),
    refused("jpeg2000.jpg", "JPEG 2000", lambda: saved("JPEG2000"), "not a picture"),
    refused("only-thumbnail.jpg", "EXIF and nothing else", lambda: insert(b"\xff\xd8", (0xE1, b"Exif\0\0II*\0"))),
]  # fmt: skip


def text_bomb() -> bytes:
    import zlib

    return b"Comment\0\0" + zlib.compress(bytes(100_000_000), 1)
