"""Sample folder in, dossier out: every analysis that the files allow, cross-checks, report.

`folder` reads `sample.toml` into the `manifest`; `sections` turns each of its sections into a
task; `analysis` prepares all tasks (bad input ends the run here), runs them, isolates those that
fail, and adds `checks`; `results` writes dossier.json and the tables, `page` the report with its
`figures`. `demo` makes a virtual sample and holds the answers to its truth; `command` is what the
command line calls. `quantities` fixes every quantity's unit and name.
"""
