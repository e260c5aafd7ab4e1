"""Neural simulators and rate estimators as files that run elsewhere, and their folders."""
