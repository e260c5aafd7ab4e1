"""Types that many rooms name."""

import numpy as np
import numpy.typing as npt

# (height, width, 3): R, G, B of each pixel, levels 0..255, samples of sRGB unless it is said otherwise.
RGBImage = npt.NDArray[np.uint8]
