"""Frame to pose: how a dot lies, where, and at which defocus.

`average_dot` is what a compound's dots are on average; `views_of` puts it before a `model_camera`,
which gives its images and their derivatives in any pose. `view_library` holds views from all
sides, `match_views` finds those that a patch may be, `fit_poses` refines them against noise that
`ground_regions` measured and a `Whitening` makes white. `search_pose` does all that for a frame of
which nothing is known, `follow` goes on from frame to frame. `plan_movie` says before a movie what
its frames could tell at best. Rotations take crystal to frame axes;
lengths are nm, places count from a patch's middle pixel until they enter a table.
"""

from cinedot.micrographs.pose.bounds import Ground as Ground
from cinedot.micrographs.pose.bounds import missing_atom_snr as missing_atom_snr
from cinedot.micrographs.pose.bounds import pose_covariance as pose_covariance
from cinedot.micrographs.pose.camera import ModelCamera as ModelCamera
from cinedot.micrographs.pose.camera import model_camera as model_camera
from cinedot.micrographs.pose.fit import PoseFit as PoseFit
from cinedot.micrographs.pose.fit import PosePrior as PosePrior
from cinedot.micrographs.pose.fit import PoseStart as PoseStart
from cinedot.micrographs.pose.fit import fit_poses as fit_poses
from cinedot.micrographs.pose.focus_scan import FocusOutlook as FocusOutlook
from cinedot.micrographs.pose.focus_scan import focus_scan as focus_scan
from cinedot.micrographs.pose.library import ViewLibrary as ViewLibrary
from cinedot.micrographs.pose.library import ViewMatch as ViewMatch
from cinedot.micrographs.pose.library import match_views as match_views
from cinedot.micrographs.pose.library import view_library as view_library
from cinedot.micrographs.pose.models import DotModel as DotModel
from cinedot.micrographs.pose.models import average_dot as average_dot
from cinedot.micrographs.pose.orientations import misorientation_deg as misorientation_deg
from cinedot.micrographs.pose.orientations import nearest_branch as nearest_branch
from cinedot.micrographs.pose.orientations import symmetry_rotations as symmetry_rotations
from cinedot.micrographs.pose.planning import Plan as Plan
from cinedot.micrographs.pose.planning import plan_movie as plan_movie
from cinedot.micrographs.pose.regions import GroundRegions as GroundRegions
from cinedot.micrographs.pose.regions import ground_regions as ground_regions
from cinedot.micrographs.pose.search import Candidate as Candidate
from cinedot.micrographs.pose.search import FoundPose as FoundPose
from cinedot.micrographs.pose.search import Patch as Patch
from cinedot.micrographs.pose.search import candidates as candidates
from cinedot.micrographs.pose.search import search_pose as search_pose
from cinedot.micrographs.pose.tracking import FramePose as FramePose
from cinedot.micrographs.pose.tracking import follow as follow
from cinedot.micrographs.pose.tracking import tumbles as tumbles
from cinedot.micrographs.pose.views import Views as Views
from cinedot.micrographs.pose.views import views_of as views_of
from cinedot.micrographs.pose.whitening import NoiseSpectrum as NoiseSpectrum
from cinedot.micrographs.pose.whitening import Whitening as Whitening
from cinedot.micrographs.pose.whitening import noise_spectrum as noise_spectrum
from cinedot.micrographs.pose.whitening import whitening as whitening
