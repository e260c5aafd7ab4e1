"""Colour, DCT, chroma resampling: libjpeg's own arithmetic, and the real-valued one of networks."""
