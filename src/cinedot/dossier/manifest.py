"""`sample.toml`: what a sample folder holds, checked before anything is computed.

Field names in Python carry their unit; the keys in the file are their aliases without it.
"""

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from cinedot.core import InputError
from cinedot.dossier.manifest_numbers import Reported, Stated
from cinedot.dossier.manifest_section import Section
from cinedot.dossier.manifest_units import (
    Centimetre,
    Degree,
    DoseRate,
    Electronvolt,
    Kilovolt,
    Micrometre,
    Nanometre,
    NanometreOrNone,
    Nanosecond,
    PartsPerMillion,
    Second,
    SignedNanometre,
    Wavenumber,
)


def _as_list(value: Any) -> Any:  # noqa: ANN401 - TOML holds anything
    return (value,) if isinstance(value, dict | str) else value


Edge = Annotated[int, Field(ge=1)]


class SampleSection(Section):
    """What the sample is called and made of, and whose recordings these are."""

    name: str = Field(min_length=1)
    source: str | None = Field(default=None, min_length=1)
    host: str | None = None
    material: str | None = None
    lattice_nm: Nanometre | None = Field(default=None, alias="lattice")
    cell_nm: tuple[Nanometre, Nanometre, Nanometre] | None = Field(default=None, alias="cell")
    cell_angles_deg: tuple[Degree, Degree, Degree] = Field(
        default=(90.0, 90.0, 90.0), alias="cell_angles"
    )

    @model_validator(mode="after")
    def _one_lattice(self) -> "SampleSection":
        if self.cell_nm is None and "cell_angles_deg" in self.model_fields_set:
            raise InputError(
                "`cell_angles` must stand beside `cell`, but there is none.",
                remedy='Give the edges, as in cell = ["0.3161 nm", "0.3161 nm", "1.2295 nm"].',
            )
        if self.cell_nm is not None and (self.lattice_nm is not None or self.host is not None):
            raise InputError(
                "`cell` must stand for a material alone, but `lattice` or `host` is given too.",
                remedy="A host is cubic: give `lattice`; for anything else give `cell` only.",
            )
        return self


class ModelSection(Section):
    """What the particles may be: a number is a cube, a triple a cuboid."""

    edges: tuple[Edge | tuple[Edge, Edge, Edge], ...] = Field(default=(3, 4, 5, 6), min_length=1)
    compounds: tuple[str, ...] | None = None

    @property
    def cubes(self) -> tuple[int, ...]:
        """The cubes among the edges, in Pb atoms an edge."""
        return tuple(edge for edge in self.edges if isinstance(edge, int))

    @property
    def cuboids(self) -> tuple[tuple[int, int, int], ...]:
        """All of them as cuboids, in Pb atoms an edge."""
        return tuple((edge, edge, edge) if isinstance(edge, int) else edge for edge in self.edges)

    @property
    def all_edges(self) -> tuple[int, ...]:
        """Every edge that any of them has, in Pb atoms, from the shortest on."""
        return tuple(sorted({edge for cuboid in self.cuboids for edge in cuboid}))


class MicroscopeSection(Section):
    """The keys that movies and surveys share; every one overrides the file's own value."""

    pixel_size_nm: Nanometre | None = Field(default=None, alias="pixel_size")
    voltage_kv: Kilovolt | None = Field(default=None, alias="voltage")
    spherical_aberration_um: Micrometre = Field(default=2.0, alias="spherical_aberration")
    defocus_nm: SignedNanometre | None = Field(default=None, alias="defocus")
    focal_spread_nm: NanometreOrNone = Field(default=3.0, alias="focal_spread")
    dose_rate_e_per_nm2_s: DoseRate | None = Field(default=None, alias="dose_rate")
    gain: float | None = Field(default=None, gt=0)
    offset: float | None = None
    region_nm: tuple[SignedNanometre, SignedNanometre, Nanometre, Nanometre] | None = Field(
        default=None, alias="region"
    )
    zone: tuple[int, int, int] | None = None

    @model_validator(mode="after")
    def _some_direction(self) -> "MicroscopeSection":
        if self.zone == (0, 0, 0):
            raise InputError(
                "`zone` must be a direction, but is [0, 0, 0].",
                remedy="Layers that lie flat are seen along zone = [0, 0, 1].",
            )
        return self


class MovieSection(MicroscopeSection):
    """One movie."""

    name: str | None = Field(default=None, min_length=1)
    file: str
    frame_time_s: Second | None = Field(default=None, alias="frame_time")
    frames: str | None = Field(default=None, pattern=r"^\d*:\d*$")
    skip: tuple[Annotated[int, Field(ge=0)], ...] = ()
    processed: bool = False


class SurveySection(MicroscopeSection):
    """Still images of many particles, or of a lattice."""

    files: Annotated[tuple[str, ...], BeforeValidator(_as_list)] = Field(min_length=1)


class Columns(Section):
    """Which columns of a table to read, by name or by number from 1; the first two otherwise."""

    x: str | int | None = None
    y: str | int | None = None


class TableSection(Section):
    """A section that reads one table."""

    file: str
    columns: Columns | None = None
    series: bool = False


class SpectrumSection(TableSection):
    """A quantity against wavelength."""

    range_nm: tuple[Nanometre, Nanometre] | None = Field(default=None, alias="range")
    excitation_nm: Nanometre | None = Field(default=None, alias="excitation")

    @model_validator(mode="after")
    def _ordered(self) -> "SpectrumSection":
        if self.range_nm and self.range_nm[0] >= self.range_nm[1]:
            raise InputError(
                f"`range` must run from low to high, but is {self.range_nm} nm.",
                remedy='Write it as in range = ["430 nm", "520 nm"].',
            )
        return self


class AbsorbanceSection(SpectrumSection):
    """Absorbance against wavelength."""


class QuantumYieldSection(Section):
    """Comparative quantum yield: two tables of absorbance and integrated intensity."""

    sample: str
    standard: str
    standard_name: str
    sample_solvent: str
    standard_solvent: str
    excitation_nm: Nanometre | None = Field(default=None, alias="excitation")
    emission_nm: Nanometre | None = Field(default=None, alias="emission")
    standard_yield: float | None = Field(default=None, gt=0, le=1)
    standard_sigma: float | None = Field(default=None, ge=0)
    standard_emission_nm: Nanometre | None = Field(default=None, alias="standard_emission")

    @model_validator(mode="after")
    def _own_standard(self) -> "QuantumYieldSection":
        if (self.standard_yield is None) != (self.standard_sigma is None):
            raise InputError(
                "a standard of your own must have `standard_yield` and `standard_sigma`, but only "
                "one of them is given.",
                remedy="Give both, as in standard_yield = 0.95, standard_sigma = 0.03.",
            )
        return self


class DecaySection(TableSection):
    """Photon counts against time."""

    irf: str | None = None
    channel_ns: Nanosecond | None = Field(default=None, alias="channel")


class CompositionSection(Section):
    """EDX: a table of replicates in atomic percent, or spectra."""

    file: str | None = None
    spectra: Annotated[tuple[str, ...], BeforeValidator(_as_list)] = ()
    ligand_charge: int = Field(default=1, ge=1, le=3)
    spread: Literal["sd", "sem"] | None = None
    replicates: Annotated[int, Field(ge=2)] | None = None
    voltage_kv: Kilovolt | None = Field(default=None, alias="voltage")
    landing_energy_sigma_ev: Electronvolt | None = Field(default=None, alias="landing_energy_sigma")
    thickness_nm: Nanometre | None = Field(default=None, alias="thickness")
    thickness_sigma_nm: NanometreOrNone | None = Field(default=None, alias="thickness_sigma")
    substrate: str | None = None
    reference: str | None = None
    reference_formula: str | None = None
    oxygen_background: Reported | None = None
    elements: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _one_record(self) -> "CompositionSection":
        if (self.file is None) == (not self.spectra):
            raise InputError(
                "`[composition]` must name a table or spectra, but names "
                f"{'both' if self.spectra else 'neither'}.",
                remedy='Write file = "edx.csv", or spectra = ["*.spx"].',
            )
        if self.reference is not None and self.file is None:
            raise InputError(
                "a reference must stand beside a table, but there are spectra.",
                remedy="Export atomic percents of both, or leave `reference` out.",
            )
        if (self.reference is None) != (self.reference_formula is None):
            raise InputError(
                "a reference must have its table and its formula, but only one is given.",
                remedy='Write reference = "bulk.csv", reference_formula = "CsPbBr3".',
            )
        return self


class ConditionSection(TableSection):
    """A table taken under stated conditions."""

    name: str | None = None
    condition: str | None = None
    additive: str | None = None
    temperature: str | float | None = None
    excitation_nm: Nanometre | None = Field(default=None, alias="excitation")


class KineticsSection(ConditionSection):
    """Intensity against the time since mixing, or spectra against it."""

    wavelength_nm: Nanometre | None = Field(default=None, alias="wavelength")


class CircularDichroismSection(TableSection):
    """Ellipticity against wavelength."""

    enantiomer: str | None = Field(default=None, min_length=1)
    path_length_cm: Centimetre | None = Field(default=None, alias="path_length")
    exciton_nm: Nanometre | None = Field(default=None, alias="exciton")


class ElectroluminescenceSection(TableSection):
    """Spectra of a diode at several voltages."""

    range_nm: tuple[Nanometre, Nanometre] | None = Field(default=None, alias="range")


class InfraredSection(TableSection):
    """Infrared absorbance against wavenumber."""

    ionic_splitting_per_cm: Wavenumber | None = Field(default=None, alias="ionic_splitting")


class MassSpectrumSection(TableSection):
    """Intensity against mass over charge."""

    polarity: Literal["negative", "positive"] = "negative"
    tolerance_ppm: PartsPerMillion = Field(default=10.0, alias="tolerance")
    resolving_power: float = Field(default=20_000.0, ge=100)


class CrystalsSection(SurveySection):
    """SEM images of microcrystals."""

    acid: str | None = None
    equivalents: float | None = None


class RecipeSection(Section):
    """What was mixed."""

    file: str


class SizesSection(Section):
    """What is known of the light of each n before its spectrum is taken apart."""

    n: tuple[Edge, ...] = Field(default=(2, 3, 4, 5, 6), min_length=1)
    law: str | None = None
    peaks: Stated = Field(default_factory=dict)
    cross_sections: Stated = Field(default_factory=dict)
    yields: Stated = Field(default_factory=dict)


class EmissionSection(SpectrumSection):
    """Emission intensity against wavelength."""

    blank: str | None = None
    response: str | None = None
    sizes: SizesSection | None = None


class Manifest(Section):
    """A whole `sample.toml`."""

    sample: SampleSection
    model: ModelSection = ModelSection()
    movie: Annotated[tuple[MovieSection, ...], BeforeValidator(_as_list)] = ()
    survey: SurveySection | None = None
    emission: EmissionSection | None = None
    absorbance: AbsorbanceSection | None = None
    quantum_yield: QuantumYieldSection | None = None
    decay: DecaySection | None = None
    composition: CompositionSection | None = None
    kinetics: KineticsSection | None = None
    stability: Annotated[tuple[ConditionSection, ...], BeforeValidator(_as_list)] = ()
    titration: Annotated[tuple[ConditionSection, ...], BeforeValidator(_as_list)] = ()
    electroluminescence: ElectroluminescenceSection | None = None
    circular_dichroism: Annotated[
        tuple[CircularDichroismSection, ...], BeforeValidator(_as_list)
    ] = ()
    infrared: InfraredSection | None = None
    mass_spectrum: MassSpectrumSection | None = None
    crystals: CrystalsSection | None = None
    recipe: RecipeSection | None = None
    reported: dict[str, Reported] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _named_apart(self) -> "Manifest":
        for kind in ("movie", "stability", "titration"):
            sections = getattr(self, kind)
            names = [section.name for section in sections]
            if len(names) > 1 and (None in names or len(set(names)) < len(names)):
                raise InputError(
                    f"each of several [[{kind}]] must have its own name, but they are {names}.",
                    remedy=f'Write name = "first" and so on in each [[{kind}]].',
                )
        hands = [section.enantiomer for section in self.circular_dichroism]
        if len(hands) > 1 and (None in hands or len(set(hands)) < len(hands)):
            raise InputError(
                "each of several [[circular_dichroism]] must have its own enantiomer, but they "
                f"are {hands}.",
                remedy='Write enantiomer = "D" and enantiomer = "L".',
            )
        return self


class SampleFolder(BaseModel):
    """A sample folder whose `sample.toml` has been read.

    Attributes:
        folder: the folder.
        manifest: what `sample.toml` says, with the defaults of `lab.toml`.
        allow_outside: whether paths may leave the folder.
        as_recorded: whether `corrections.toml` is passed over.
    """

    model_config = ConfigDict(frozen=True)

    folder: Path
    manifest: Manifest
    allow_outside: bool = False
    as_recorded: bool = False

    @property
    def manifest_file(self) -> Path:
        """The path of `sample.toml`."""
        return self.folder / "sample.toml"
