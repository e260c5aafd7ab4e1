"""Verbs that make models: networks and tables trained, exported."""
