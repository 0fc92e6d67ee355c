"""What was mixed: reagents, equivalents, protocol, scaling.

A recipe file enters; amounts checked against each other leave, with a bench sheet. Nothing stands
here yet; the modules that will are named in ARCHITECTURE.md.
"""
