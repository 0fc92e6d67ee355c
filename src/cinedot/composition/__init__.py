"""What a dot is made of: EDX tables and spectra, mass spectra.

Element ratios and ions enter; atoms and ligands per particle leave, with covariance. Nothing
stands here yet; the modules that will are named in ARCHITECTURE.md.
"""
