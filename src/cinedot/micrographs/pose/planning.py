"""What a frame of a stated dose would tell: the table behind `cinedot plan`."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from cinedot.core import InputError
from cinedot.micrographs.pose.bounds import (
    VACUUM,
    Ground,
    change_snr,
    fisher_information,
    removal,
    sensitivities_at,
    with_contrast,
)
from cinedot.micrographs.pose.models import DotModel
from cinedot.micrographs.pose.orientations import facing
from cinedot.micrographs.pose.views import Views
from cinedot.microscope import Exposure
from cinedot.particle import lattice_sites
from cinedot.particle.filling import own_species

_GOLDEN_ANGLE = np.pi * (3 - np.sqrt(5))
_MOST_FRAMES = 100_000
_LEAST_CONTRAST = 1e-3
"""Of an image's standard deviation, 0.15 in the paper's movies; below, rounding shows too."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PoseOutlook:
    """The bound on a pose from one frame, the median over directions of the beam.

    Attributes:
        ground: its name.
        turn_deg, xy_nm: root mean square over the axes.
        defocus_nm: of the plane through the dot's centre.
    """

    ground: str
    turn_deg: float
    xy_nm: float
    defocus_nm: float


@dataclass(frozen=True, slots=True, kw_only=True)
class AtomOutlook:
    """What shows that one ion of a kind is missing.

    Attributes:
        kind: such as "Br terminal corner".
        ground: its name.
        snr: signal over noise in one frame, pose known; median over directions of the beam.
        lowest: the same, from the worst direction.
        pose_fitted: the median where pose and contrast come from the same frame.
        frames_moving: frames that reach the threshold where the ground is new in each.
        frames_still: frames where it is the same in all; None where no number is enough.
    """

    kind: str
    ground: str
    snr: float
    lowest: float
    pose_fitted: float
    frames_moving: int
    frames_still: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a frame of stated dose would tell.

    Attributes:
        model: label of the dot.
        dose_e_per_nm2: in one frame.
        defocus_nm: of the plane through the dot's centre.
        threshold: signal over noise that counts as seen.
        poses: one for each ground.
        atoms: one for each ground and kind of ion.
    """

    model: str
    dose_e_per_nm2: float
    defocus_nm: float
    threshold: float
    poses: tuple[PoseOutlook, ...]
    atoms: tuple[AtomOutlook, ...]


def plan_movie(
    views: Views,
    exposure: Exposure,
    *,
    grounds: Sequence[Ground] = (VACUUM,),
    defocus_nm: float | None = None,
    directions: int = 16,
    efficiency: float = 1.0,
    threshold: float = 5.0,
) -> Plan:
    """What frames of a dot would tell, and what would show one missing ion.

    Args:
        views: the dot before its camera and lens.
        exposure: dose rate and time of a frame; the pixel is the camera's.
        grounds: what may lie behind.
        defocus_nm: the lens's own when left out.
        directions: of the beam, spread evenly over all sides.
        efficiency: the camera's detective quantum efficiency.
        threshold: signal over noise that counts as seen.

    Raises:
        InputError: no direction, an efficiency that is not above 0 and at most 1, a threshold
            that is not positive, a lens that leaves no contrast.
    """
    _require_sound(directions, efficiency, threshold)
    defocus = views.camera.lens.defocus_nm if defocus_nm is None else defocus_nm
    sides = all_sides(directions)
    seen = sensitivities_at(views, sides, defocus)
    _require_contrast(seen)
    dose = exposure.dose_e_per_nm2 * efficiency
    pixel = views.camera.pixel_nm
    poses = tuple(_pose_outlook(seen, pixel, dose, ground) for ground in grounds)
    atoms = tuple(
        _atom_outlook(kind, _Missing(*pair, seen, pixel), dose, ground, threshold)
        for kind, pair in _removals(views, sides, defocus).items()
        for ground in grounds
    )
    return Plan(
        model=views.model.label,
        dose_e_per_nm2=exposure.dose_e_per_nm2,
        defocus_nm=float(defocus),
        threshold=threshold,
        poses=poses,
        atoms=atoms,
    )


def surface_kinds(model: DotModel) -> dict[str, list[int]]:
    """Sites of each kind at the surface that a compound fills, by their ion's name."""
    sites, species = lattice_sites(model.cuboid), own_species(model.cuboid)
    own = (np.asarray(model.atoms.arrays["host"]) == 1) & (model.occupancy > 0)
    found: dict[str, list[int]] = {}
    for site in sorted(set(model.site[own].tolist())):
        where = f"{sites.kind[site]} {sites.metal_kind[site]}".strip()
        if sites.role[site] != "metal" and sites.kind[site] not in ("interior", "bridging"):
            found.setdefault(f"{species[site]} {where}", []).append(site)
    return found


def plan_text(found: Plan) -> str:
    """A plan as lines for a terminal."""
    lines = [
        f"{found.model}, {found.dose_e_per_nm2:.3g} e/nm2 a frame, "
        f"{found.defocus_nm:g} nm under focus",
        "",
        f"{'behind it':<16}{'rotation':>10}{'x, y':>10}{'defocus':>11}   (1 sigma, one frame)",
    ]
    lines += [
        f"{one.ground:<16}{one.turn_deg:>9.3f}°{1000 * one.xy_nm:>7.2f} pm{one.defocus_nm:>8.3f} nm"
        for one in found.poses
    ]
    lines += [
        "",
        f"{'one missing':<20}{'behind it':<16}{'SNR':>6}{'worst':>7}{'pose fitted':>13}"
        f" {'frames to ' + format(found.threshold, 'g'):>13}{'(ground still)':>16}",
    ]
    lines += [
        f"{one.kind:<20}{one.ground:<16}{one.snr:>6.1f}{one.lowest:>7.1f}{one.pose_fitted:>13.1f}"
        f" {one.frames_moving:>13}{_never_or(one.frames_still):>16}"
        for one in found.atoms
    ]
    return "\n".join(lines)


@dataclass(frozen=True, eq=False)
class _Missing:
    """Images of one missing ion from many sides, with what the pose changes."""

    image: Float[np.ndarray, "pose y x"]
    change: Float[np.ndarray, "pose y x"]
    seen: Float[np.ndarray, "pose 7 y x"]
    pixel_nm: float

    def snr(self, dose: float, ground: Ground) -> Float[np.ndarray, " pose"]:
        """Pose known."""
        return change_snr(self.image, self.change, self.pixel_nm, dose, ground)

    def snr_pose_fitted(self, dose: float, ground: Ground) -> Float[np.ndarray, " pose"]:
        """Pose and contrast from the same frame."""
        found = np.empty(len(self.image))
        for at, (image, change, seen) in enumerate(
            zip(self.image, self.change, self.seen, strict=True)
        ):
            columns = np.concatenate([change[None], with_contrast(seen)])
            every = fisher_information(image, columns, self.pixel_nm, dose, ground)
            found[at] = np.linalg.inv(every)[0, 0] ** -0.5
        return found


def _require_sound(directions: int, efficiency: float, threshold: float) -> None:
    for name, value, sound, rule in (
        ("directions", directions, directions >= 1, "be at least 1"),
        ("efficiency", efficiency, 0 < efficiency <= 1, "be above 0 and at most 1"),
        ("threshold", threshold, 0 < threshold < np.inf, "be positive and finite"),
    ):
        if not sound:
            raise InputError(
                f"`{name}` must {rule}, but is {value}.", remedy="Leave it out for the default."
            )


def _require_contrast(seen: Float[np.ndarray, "pose 7 y x"]) -> None:
    contrast = float(np.median(seen[:, 0].std(axis=(1, 2))))
    if not contrast >= _LEAST_CONTRAST:
        raise InputError(
            f"`views` must leave a contrast of {_LEAST_CONTRAST:g}, but leave {contrast:.1g}.",
            remedy="Correct the lens: no atom would be seen through it.",
        )


def all_sides(count: int) -> Float[np.ndarray, "direction 3 3"]:
    """Rotations that turn directions, spread evenly over all sides, into the beam."""
    z = 1 - (2 * np.arange(count) + 1) / count
    azimuth = _GOLDEN_ANGLE * np.arange(count)
    radius = np.sqrt(1 - z**2)
    return facing(np.stack([radius * np.cos(azimuth), radius * np.sin(azimuth), z], axis=1))


def _removals(
    views: Views, sides: Float[np.ndarray, "pose 3 3"], defocus_nm: float
) -> dict[str, tuple[Float[np.ndarray, "pose y x"], Float[np.ndarray, "pose y x"]]]:
    """One site of each kind stands for all: from all sides it comes to lie everywhere."""
    return {
        kind: removal(views, sites[0], sides, defocus_nm)
        for kind, sites in surface_kinds(views.model).items()
    }


def _pose_outlook(
    seen: Float[np.ndarray, "pose 7 y x"], pixel_nm: float, dose: float, ground: Ground
) -> PoseOutlook:
    variances = np.array(
        [
            np.diag(
                np.linalg.inv(
                    fisher_information(one[0], with_contrast(one), pixel_nm, dose, ground)
                )
            )
            for one in seen
        ]
    )
    turn, xy, defocus = (
        float(np.median(np.sqrt(part.mean(axis=1))))
        for part in (variances[:, :3], variances[:, 3:5], variances[:, 5:6])
    )
    return PoseOutlook(
        ground=ground.name, turn_deg=float(np.degrees(turn)), xy_nm=xy, defocus_nm=defocus
    )


def _atom_outlook(
    kind: str, missing: _Missing, dose: float, ground: Ground, threshold: float
) -> AtomOutlook:
    snr = missing.snr(dose, ground)
    usual = float(np.median(snr))

    def reached(frames: int) -> bool:
        return float(np.median(missing.snr(frames * dose, ground))) >= threshold

    # A hair off, or 25.000001 would call for one more frame.
    moving = int(np.ceil((threshold / usual) ** 2 - 1e-6))
    still = moving if ground.structure is None else _first(reached, moving)
    return AtomOutlook(
        kind=kind,
        ground=ground.name,
        snr=usual,
        lowest=float(snr.min()),
        pose_fitted=float(np.median(missing.snr_pose_fitted(dose, ground))),
        frames_moving=moving,
        frames_still=still,
    )


def _first(reached: Callable[[int], bool], least: int) -> int | None:
    """The first number of frames from `least` on that is enough; None where too many are not."""
    if not reached(_MOST_FRAMES):
        return None
    low, high = least - 1, _MOST_FRAMES
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if reached(middle) else (middle, high)
    return high


def _never_or(frames: int | None) -> str:
    return "never" if frames is None else str(frames)
