"""How the files of a candidate are made: by carrier, of edited pixels, by an encoder alone."""
