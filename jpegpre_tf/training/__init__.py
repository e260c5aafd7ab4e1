"""Training: input pipeline, trainer, configuration, callbacks."""
