"""Verbs that measure: reports over folders, pages of one picture."""
