"""Movie to atoms."""
