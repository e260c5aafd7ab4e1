"""A size, a rate or a score that an encoding shall reach: trials and their choice."""
