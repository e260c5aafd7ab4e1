"""What picture files carry besides pixels: collected, cleaned of positions and promises, written to JPEG files."""
