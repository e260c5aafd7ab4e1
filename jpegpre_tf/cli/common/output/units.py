"""Numbers for people."""


def format_size(size_bytes: int) -> str:
    """Returns a file size of three digits at least: "812 B", "145 kB", "1.06 MB" (powers of 1000)."""
    value, unit = float(size_bytes), "B"
    for larger in ("kB", "MB", "GB", "TB"):
        # What would be rounded to 1000 is one of the next unit.
        if value < 999.5:
            break
        value, unit = value / 1000, larger
    digits = 0 if unit == "B" or value >= 99.95 else 1 if value >= 9.995 else 2
    return f"{value:.{digits}f} {unit}"


def count_of(number: int, noun: str) -> str:
    """Returns "1 picture" or "1,234 pictures"."""
    return f"{number:,} {noun}" + ("" if number == 1 else "s")
