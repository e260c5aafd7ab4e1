"""A picture encoded again and again at other settings: whole, or in strips."""
