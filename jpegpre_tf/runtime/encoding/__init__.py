"""One picture encoded: options, rate control, rendering whole or in strips, the result."""
