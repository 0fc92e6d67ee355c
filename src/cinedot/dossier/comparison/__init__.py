"""Several samples in one report: the same axes, differences with intervals, checks side by side.

Dossiers that `analyze` has written go in (`samples`); `differences` sets their answers against
those of one sample and corrects for the number of comparisons; `curves` reads the recordings
again for `looks`, which draws them over one another; `report` writes page and JSON, `command`
prints.
"""
