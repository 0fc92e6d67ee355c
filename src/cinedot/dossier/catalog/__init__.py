"""A catalog of samples: what many dossiers found, in one database, to list, filter and compare.

`address` reads where a catalog is (a SQLite file, a PostgreSQL URL) and hides its password;
`database` opens it, one SQLAlchemy Core code for both, in the tables of `schema`. `document`
turns `dossier.json` and `series.parquet` into rows, `recording` writes them in one transaction.
`keys` says what a key means (quantity, fact, tag, column), `conditions` reads `--where`, `listing`
gives the entries that fit. `table`, `comparison` and `figure` show them; `command` is what the
command line calls.
"""
