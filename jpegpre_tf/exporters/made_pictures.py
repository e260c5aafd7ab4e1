"""Pictures made by code, to calibrate and compare an export with where no photos are at hand."""

from pathlib import Path

import numpy as np
from PIL import Image

from jpegpre_tf.training.drawn import Picture

_SIZE = 320  # pixels, more than an export's crops
_COUNT = 24


def photo_like(size: int = _SIZE, seed: int = 0) -> Picture:
    """Noise with the spectrum of photos, amplitude falling as 1/frequency; uint8 (size, size, 3).

    Contrast, brightness, strength of colour and sensor noise differ by seed.
    """
    random = np.random.default_rng(seed)
    frequency = np.hypot(np.fft.fftfreq(size)[:, None], np.fft.rfftfreq(size)[None])
    frequency[0, 0] = np.inf  # no mean
    planes = [np.fft.irfft2(np.fft.rfft2(random.normal(size=(size, size))) / frequency) for _ in range(3)]
    luma, *colours = (plane / plane.std() for plane in planes)
    strength = random.uniform(0.05, 0.5)
    added = np.stack([colours[0], -(colours[0] + colours[1]) / 2, colours[1]], axis=-1)
    scene = random.uniform(60, 190) + random.uniform(15, 60) * (luma[..., None] + strength * added)
    scene += random.normal(0, random.uniform(0, 6), scene.shape)
    return np.clip(np.round(scene), 0, 255).astype(np.uint8)


def write_made_pictures(folder: Path) -> tuple[Path, ...]:
    """Writes the pictures into a folder, the same ones each time."""
    paths = []
    for seed in range(_COUNT):
        path = folder / f"{seed}.png"
        Image.fromarray(photo_like(seed=seed)).save(path)
        paths.append(path)
    return tuple(paths)
