"""What `[composition]` says beside its table: host, compounds, beam and film, background."""

from dataclasses import dataclass

from cinedot.composition import BeamPrior, substrate_number
from cinedot.core import Estimate, InputError
from cinedot.dossier.manifest import CompositionSection, SampleFolder
from cinedot.dossier.quantities import stated_estimate
from cinedot.dossier.sections.models import allowed_compounds
from cinedot.particle import Acid, Compound, Host, compound_named, host_named


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """What the manifest says beside the table.

    Attributes:
        section: `[composition]`.
        host: what the dots are made of, or None.
        compounds: what may be on their surface.
        background: oxygen that is no acid's, atoms per 64 metal atoms.
    """

    section: CompositionSection
    host: Host | None
    compounds: tuple[Compound, ...]
    background: Estimate

    @property
    def metal(self) -> str:
        """What the other elements are counted against."""
        return "Pb" if self.host is None else self.host.b_ion

    @property
    def a_ion(self) -> str:
        """The A ion; without a host the table itself says whether caesium can be seen."""
        return "Cs" if self.host is None else self.host.a_ion

    @property
    def acids(self) -> list[Acid]:
        """The acids that oxygen may come from: the compounds', malic acid where they have none."""
        found = {one.acid.ion: one.acid for one in self.compounds if one.acid is not None}
        usual = compound_named("mla-cs").acid
        assert usual is not None
        return list(found.values()) or [usual]


def setting_of(sample: SampleFolder, section: CompositionSection) -> Setting:
    """Host, compounds and background as the manifest states them.

    Raises:
        InputError: an unknown host, compound or substrate, a background that is no number.
    """
    host = sample.manifest.sample.host
    background = Estimate(value=0.0, sigma=0.0, unit="", method="none stated")
    try:
        if section.oxygen_background is not None:
            background = stated_estimate(
                section.oxygen_background, "", key="oxygen_background", place="[composition]"
            )
        if section.voltage_kv is not None:
            prior_of(section, section.voltage_kv)
        return Setting(
            section=section,
            host=None if host is None else host_named(host),
            compounds=tuple(allowed_compounds(sample)),
            background=background,
        )
    except InputError as fault:
        raise fault.within(file=sample.manifest_file, place="[composition]") from fault


def prior_of(section: CompositionSection, voltage_kv: float) -> BeamPrior:
    """What is known of beam and film: the manifest's numbers, then the usual ones.

    Raises:
        InputError: an unknown substrate, a film thinner than its sigma allows.
    """
    usual = BeamPrior(voltage_kv=voltage_kv)
    thickness = section.thickness_nm or usual.thickness_nm
    sigma = section.thickness_sigma_nm
    if sigma is None:
        sigma = usual.thickness_sigma_nm / usual.thickness_nm * thickness
    charging = section.landing_energy_sigma_ev
    return BeamPrior(
        voltage_kv=voltage_kv,
        landing_sigma_ev=usual.landing_sigma_ev if charging is None else charging,
        thickness_nm=thickness,
        thickness_sigma_nm=sigma,
        substrate_z=substrate_number(section.substrate or "carbon"),
    )
