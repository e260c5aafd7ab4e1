"""What several verbs of `jpegpre` share."""
