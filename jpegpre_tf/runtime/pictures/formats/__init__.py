"""Files of each kind opened: TIFF, PNG and what containers say where Pillow does not look."""
