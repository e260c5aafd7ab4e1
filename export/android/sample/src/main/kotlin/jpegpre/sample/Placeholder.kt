package jpegpre.sample

class Placeholder
