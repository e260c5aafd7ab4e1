"""Classical prefilters: the baselines to beat."""
