"""How a dot grows: nucleation, crystal shape, ligand balance, reaction network, kinetics.

A recipe enters; species, sizes and expected light against time leave, with fits that read them
back. Nothing stands here yet; the modules that will are named in ARCHITECTURE.md.
"""
