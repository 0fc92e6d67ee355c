"""Which atoms of a dot are there, from frames whose pose is known.

A frame's residual is expanded in everything at once: its own pose, contrast and ground; what all
frames of a movie share (`pose.shared`: scale, strain, tilts, lens); and the occupancy of every
site (`changes`, `unknowns`). A frame's own unknowns and a support that stands still are eliminated
(`equations`, `grounds`), frames add up and are solved together (`joint`). What remains is read as
presence with a limit of detection (`presence`), statements that hold or do not (`claims`), steps
in time (`frames`, `events`) and sites between their steps (`intervals`).
"""

from cinedot.micrographs.occupancy.changes import AtomViews as AtomViews
from cinedot.micrographs.occupancy.changes import atom_views as atom_views
from cinedot.micrographs.occupancy.claims import Claim as Claim
from cinedot.micrographs.occupancy.claims import claims_of as claims_of
from cinedot.micrographs.occupancy.equations import FrameShot as FrameShot
from cinedot.micrographs.occupancy.equations import FrameState as FrameState
from cinedot.micrographs.occupancy.equations import ShotGroup as ShotGroup
from cinedot.micrographs.occupancy.events import AtomEvent as AtomEvent
from cinedot.micrographs.occupancy.events import FrameEvidence as FrameEvidence
from cinedot.micrographs.occupancy.events import events_of as events_of
from cinedot.micrographs.occupancy.events import find_steps as find_steps
from cinedot.micrographs.occupancy.grounds import shot_group as shot_group
from cinedot.micrographs.occupancy.grounds import split_noise as split_noise
from cinedot.micrographs.occupancy.joint import JointFit as JointFit
from cinedot.micrographs.occupancy.joint import fit_jointly as fit_jointly
from cinedot.micrographs.occupancy.presence import SiteEvidence as SiteEvidence
from cinedot.micrographs.occupancy.presence import site_evidence as site_evidence
from cinedot.micrographs.occupancy.unknowns import Unknowns as Unknowns
from cinedot.micrographs.occupancy.unknowns import unknowns_of as unknowns_of
