"""HEIC and AVIF files with properties and grids that no Python package writes, made of boxes (ISO 14496-12)."""

import struct

from jpegpre_tf.runtime.pictures.formats.container_metadata import boxes

Property = tuple[bytes, bytes]


def irot(turns: int) -> Property:
    """Turned by so many quarters, against the clock."""
    return b"irot", bytes((turns,))


def imir(axis: int) -> Property:
    """Mirrored: 0 top to bottom, 1 left to right."""
    return b"imir", bytes((axis,))


def clap(width: int, height: int, x: int, y: int) -> Property:
    """Only a part is shown, its middle so far from that of the picture."""
    return b"clap", struct.pack(">IIIIiIiI", width, 1, height, 1, x, 1, y, 1)


def box(kind: bytes, *parts: bytes) -> bytes:
    content = b"".join(parts)
    return struct.pack(">I4s", 8 + len(content), kind) + content


def full_box(kind: bytes, *parts: bytes, version: int = 0, flags: int = 0) -> bytes:
    return box(kind, struct.pack(">I", version << 24 | flags), *parts)


def picture_parts(content: bytes) -> tuple[bytes, list[Property], bytes]:
    """Returns brand, properties and coded bytes of a file of one picture."""
    meta = next(item for item in boxes(content, 0, len(content)) if item[0] == b"meta")
    inner = {name: (first, last) for name, first, last in boxes(content, meta[1] + 4, meta[2])}
    ipco = next(item for item in boxes(content, *inner[b"iprp"]) if item[0] == b"ipco")
    properties = [(name, content[first:last]) for name, first, last in boxes(content, ipco[1], ipco[2])]
    first, last = next(item[1:] for item in boxes(content, 0, len(content)) if item[0] == b"mdat")
    return content[8:12], properties, content[first:last]


def heif_file(content: bytes, *properties: Property) -> bytes:
    """A file of the same picture with further properties."""
    brand, known, coded = picture_parts(content)
    return _file(brand, [coded], [*known, *properties], [list(range(1, len(known) + len(properties) + 1))])


def grid_file(tiles: list[bytes], columns: int, size: tuple[int, int], *properties: Property) -> bytes:
    """A file of one picture of that size in tiles, row by row, as phones write it."""
    brand, known, _ = picture_parts(tiles[0])
    known = [item for item in known if item[0] != b"colr"]
    own = [(b"ispe", struct.pack(">III", 0, *size)), *properties]
    of_tile = list(range(1, len(known) + 1))
    of_grid = list(range(len(known) + 1, len(known) + len(own) + 1))
    rows = len(tiles) // columns
    grid = struct.pack(">BBBBHH", 0, 0, rows - 1, columns - 1, *size)
    items = [picture_parts(tile)[2] for tile in tiles]
    return _file(brand, [grid, *items], [*known, *own], [of_grid, *[of_tile] * len(tiles)], is_grid=True)


def _file(
    brand: bytes,
    items: list[bytes],
    properties: list[Property],
    uses: list[list[int]],
    *,
    is_grid: bool = False,
) -> bytes:
    """A file whose first item is the picture; item i + 1 uses the properties of `uses[i]`."""
    coding = b"av01" if brand == b"avif" else b"hvc1"
    kinds = [b"grid" if is_grid and not number else coding for number in range(len(items))]
    entries = b"".join(
        full_box(b"infe", struct.pack(">HH4sB", number + 1, 0, kind, 0), version=2, flags=int(number > 0))
        for number, kind in enumerate(kinds)
    )
    # What is needed to show the picture rightly is marked as such.
    needed = {number + 1 for number, item in enumerate(properties) if item[0] in (b"irot", b"imir", b"clap")}
    associations = b"".join(
        struct.pack(">HB", number + 1, len(use)) + bytes(0x80 | i if i in needed else i for i in use)
        for number, use in enumerate(uses)
    )
    start = box(b"ftyp", brand, bytes(4), b"mif1", brand, *((b"miaf",) if brand == b"avif" else ()))
    others = range(2, len(items) + 1)
    reference = box(b"dimg", struct.pack(f">HH{len(others)}H", 1, len(others), *others)) if is_grid else b""

    def meta(first_byte: int) -> bytes:
        places, at = b"", first_byte
        for number, item in enumerate(items):
            places += struct.pack(">HHHII", number + 1, 0, 1, at, len(item))
            at += len(item)
        return full_box(
            b"meta",
            full_box(b"hdlr", bytes(4), b"pict", bytes(13)),
            full_box(b"pitm", struct.pack(">H", 1)),
            full_box(b"iloc", b"\x44\0", struct.pack(">H", len(items)), places),
            full_box(b"iinf", struct.pack(">H", len(items)), entries),
            full_box(b"iref", reference) if reference else b"",
            box(
                b"iprp",
                box(b"ipco", *(box(*item) for item in properties)),
                full_box(b"ipma", struct.pack(">I", len(uses)), associations),
            ),
        )

    head_bytes = len(start) + len(meta(0)) + 8
    return start + meta(head_bytes) + box(b"mdat", *items)
