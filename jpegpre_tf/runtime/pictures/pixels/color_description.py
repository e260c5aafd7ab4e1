"""Colour spaces that files name by numbers (ITU-T H.273: cICP of PNG, nclx of AVIF and HEIC), as ICC profiles."""

import struct
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Float = npt.NDArray[np.float64]

_D65 = (0.3127, 0.3290)
_UNSPECIFIED = 2
# CIE xy of red, green, blue and white by H.273 colour primaries.
_PRIMARIES: dict[int, tuple[tuple[float, float], ...]] = {
    1: ((0.640, 0.330), (0.300, 0.600), (0.150, 0.060), _D65),
    4: ((0.67, 0.33), (0.21, 0.71), (0.14, 0.08), (0.310, 0.316)),
    5: ((0.64, 0.33), (0.29, 0.60), (0.15, 0.06), _D65),
    6: ((0.630, 0.340), (0.310, 0.595), (0.155, 0.070), _D65),
    7: ((0.630, 0.340), (0.310, 0.595), (0.155, 0.070), _D65),
    8: ((0.681, 0.319), (0.243, 0.692), (0.145, 0.049), (0.310, 0.316)),
    9: ((0.708, 0.292), (0.170, 0.797), (0.131, 0.046), _D65),
    11: ((0.680, 0.320), (0.265, 0.690), (0.150, 0.060), (0.314, 0.351)),
    12: ((0.680, 0.320), (0.265, 0.690), (0.150, 0.060), _D65),
    22: ((0.630, 0.340), (0.295, 0.605), (0.155, 0.077), _D65),
}
_NAMES = {
    1: "BT.709",
    4: "BT.470 M",
    5: "BT.601 625",
    6: "BT.601 525",
    9: "BT.2020",
    11: "DCI-P3",
    12: "Display P3",
}
ADOBE_RGB_PRIMARIES = ((0.64, 0.33), (0.21, 0.71), (0.15, 0.06), _D65)
SRGB_PRIMARIES = _PRIMARIES[1]
# Transfer characteristics that are sRGB's curve, or that stills of it are shown by.
_SRGB_CURVES = frozenset((1, 6, 7, 11, 12, 13, 14, 15))
_GAMMAS = {4: 2.2, 5: 2.8, 8: 1.0, 17: 2.6}
_PQ, _HLG = 16, 18
# Bradford's cone responses, for profiles' white D50.
_BRADFORD = np.array([[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]])
_D50 = np.array([0.9642, 1.0, 0.8249])
# Nits of white in HDR pictures (ITU-R BT.2408), and above which part of white highlights are compressed.
_WHITE_NITS = 203.0
_KNEE = 0.8


@dataclass(frozen=True)
class ColorDescription:
    """Colour primaries and transfer characteristics, H.273 numbers."""

    primaries: int
    transfer: int

    @property
    def is_hdr(self) -> bool:
        """Levels are of light far above white (PQ, HLG): as ordinary ones they look pale or dark."""
        return self.transfer in (_PQ, _HLG)

    @property
    def name(self) -> str:
        """For messages."""
        curve = {_PQ: "PQ", _HLG: "HLG"}.get(self.transfer, "")
        name = _NAMES.get(self.primaries, f"primaries {self.primaries}")
        return f"{name} {curve}".strip()

    @property
    def is_known(self) -> bool:
        """Whether both numbers are of what can be written as a profile or converted, or say that nothing is stated."""
        curves = (*_SRGB_CURVES, *_GAMMAS, _PQ, _HLG, _UNSPECIFIED)
        return self.primaries in (*_PRIMARIES, _UNSPECIFIED) and self.transfer in curves

    def profile(self) -> bytes:
        """Returns an ICC profile; b"" if this is sRGB or unknown, and for HDR."""
        primaries = _PRIMARIES.get(self.primaries)
        if self.primaries == _UNSPECIFIED:
            primaries = SRGB_PRIMARIES
        if primaries is None or self.is_hdr:
            return b""
        is_srgb_curve = self.transfer in (*_SRGB_CURVES, _UNSPECIFIED)
        if is_srgb_curve and is_near(primaries, SRGB_PRIMARIES):
            return b""
        if not is_srgb_curve and self.transfer not in _GAMMAS:
            return b""
        return matrix_profile(self.name, primaries, None if is_srgb_curve else _GAMMAS[self.transfer])

    def to_sdr(self) -> Callable[[npt.NDArray[np.uint8]], npt.NDArray[np.uint8]]:
        """Returns the conversion of HDR levels `(H, W, 3)` to sRGB; only if `is_hdr`."""
        light = (_pq_light() if self.transfer == _PQ else _hlg_light()).astype(np.float32)
        primaries = _PRIMARIES.get(self.primaries, _PRIMARIES[9])
        matrix = (np.linalg.inv(_to_xyz(SRGB_PRIMARIES)) @ _to_xyz(primaries)).astype(np.float32)
        curve = _srgb_levels()

        def convert(levels: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
            rgb = light[levels] @ matrix.T
            brightest = rgb.max(axis=-1, keepdims=True)
            over = np.maximum(brightest - _KNEE, 0) / (1 - _KNEE)
            # Identity up to the knee, then towards 1 with the same slope there; hue is kept.
            mapped = np.where(brightest > _KNEE, _KNEE + (1 - _KNEE) * over / (1 + over), brightest)
            rgb *= mapped / np.maximum(brightest, 1e-6)
            return np.asarray(curve[np.rint(np.clip(rgb, 0, 1) * (len(curve) - 1)).astype(np.int32)])

        return convert


def is_near(first: tuple[tuple[float, float], ...], second: tuple[tuple[float, float], ...]) -> bool:
    """Whether primaries are the same but for rounding."""
    return bool(np.abs(np.array(first) - np.array(second)).max() < 0.01)


def matrix_profile(name: str, primaries: tuple[tuple[float, float], ...], gamma: float | None) -> bytes:
    """Returns an ICC profile, version 2, of RGB with these primaries.

    Args:
        name: Description.
        primaries: CIE xy of red, green, blue and white.
        gamma: Exponent of the curve from samples to light; None is sRGB's curve.

    Raises:
        ValueError: If the primaries span no colours.
    """
    to_xyz = _to_xyz(primaries)
    white = to_xyz.sum(axis=1)
    cones = (_BRADFORD @ _D50) / (_BRADFORD @ white)
    adapted = np.linalg.inv(_BRADFORD) @ np.diag(cones) @ _BRADFORD @ to_xyz
    if gamma is None:
        samples = np.arange(1024) / 1023
        light = np.where(samples <= 0.04045, samples / 12.92, ((samples + 0.055) / 1.055) ** 2.4)
        curve = struct.pack(">I", 1024) + np.rint(light * 65535).astype(">u2").tobytes()
    else:
        curve = struct.pack(">IH", 1, round(min(gamma, 255) * 256))
    text = name.encode("ascii", "replace")
    description = (
        b"desc" + bytes(4) + struct.pack(">I", len(text) + 1) + text + b"\0" + bytes(4 + 4 + 2 + 1 + 67)
    )
    tags = [
        (b"desc", description),
        (b"cprt", b"text" + bytes(4) + b"Public domain\0"),
        (b"wtpt", _xyz(_D50)),
        *(
            (name_, _xyz(column))
            for name_, column in zip((b"rXYZ", b"gXYZ", b"bXYZ"), adapted.T, strict=True)
        ),
    ]
    offset, directory, data = 128 + 4 + 12 * (len(tags) + 3), b"", b""
    for signature, content in [*tags, (b"rTRC", b"curv" + bytes(4) + curve)]:
        content += bytes(-len(content) % 4)
        directory += struct.pack(">4sII", signature, offset + len(data), len(content))
        data += content
    same = directory[-8:]
    directory += b"gTRC" + same + b"bTRC" + same
    size = offset + len(data)
    header = struct.pack(">I4sI4s4s4s", size, bytes(4), 0x02100000, b"mntr", b"RGB ", b"XYZ ")
    header += (
        struct.pack(">6H4s", 2024, 1, 1, 0, 0, 0, b"acsp")
        + bytes(28)
        + struct.pack(">3I", *(round(value * 65536) for value in _D50))
    )
    return header.ljust(128, b"\0") + struct.pack(">I", len(tags) + 3) + directory + data


def _xyz(values: Float) -> bytes:
    return b"XYZ " + bytes(4) + struct.pack(">3i", *(round(float(value) * 65536) for value in values))


def _to_xyz(primaries: tuple[tuple[float, float], ...]) -> Float:
    """Returns the matrix from linear RGB to XYZ with white's Y = 1."""
    columns = np.array([(x / y, 1.0, (1 - x - y) / y) if y > 0 else (0.0, 0.0, 0.0) for x, y in primaries]).T
    try:
        scale = np.linalg.solve(columns[:, :3], columns[:, 3])
    except np.linalg.LinAlgError as error:
        raise ValueError("the primaries span no colours") from error
    return np.asarray(columns[:, :3] * scale)


def _pq_light() -> Float:
    """Light of 256 levels by SMPTE ST 2084, in parts of white."""
    m1, m2, c1, c2, c3 = 2610 / 16384, 2523 / 32, 3424 / 4096, 2413 / 128, 2392 / 128
    root = (np.arange(256) / 255) ** (1 / m2)
    return np.asarray(10000 * (np.maximum(root - c1, 0) / (c2 - c3 * root)) ** (1 / m1) / _WHITE_NITS)


def _hlg_light() -> Float:
    """Light of 256 levels by ARIB STD-B67, in parts of white, on a screen of 1000 nits."""
    a, b, c = 0.17883277, 0.28466892, 0.55991073
    levels = np.arange(256) / 255
    scene = np.where(levels <= 0.5, levels**2 / 3, (np.exp((levels - c) / a) + b) / 12)
    return np.asarray(1000 * scene**1.2 / _WHITE_NITS)


def _srgb_levels() -> npt.NDArray[np.uint8]:
    light = np.arange(4096) / 4095
    srgb = np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)
    return np.asarray(np.rint(255 * srgb).astype(np.uint8))
