"""The mathematics of JPEG: colour, DCT, chroma resampling, as libjpeg's whole numbers have them."""
