"""The search of one picture's best pixels or quantized coefficients, slowly, for a file served many times."""
