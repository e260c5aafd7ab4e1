"""Picture files decoded: whole, in strips or by planes, with their metadata."""
