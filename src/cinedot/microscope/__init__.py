"""Atoms to movie."""
