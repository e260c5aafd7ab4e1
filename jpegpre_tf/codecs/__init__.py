"""Real encoders behind one interface."""
