"""Content of a model.json: read, checked and written."""
