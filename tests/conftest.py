"""Shapes and types of every annotated function are checked while the tests run."""

from jaxtyping import install_import_hook

install_import_hook("cinedot", "beartype.beartype").__enter__()
