"""Sample folder to dossier."""
