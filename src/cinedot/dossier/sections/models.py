"""What the manifest says of lens, host and compound, as the fits of images take it."""

from dataclasses import replace

from cinedot.dossier.folder import named_compound
from cinedot.dossier.manifest import Manifest, MicroscopeSection, SampleFolder
from cinedot.microscope import Lens
from cinedot.particle import Compound, Host, compounds, host_named

USUAL_VOLTAGE_KV = 80.0
USUAL_DEFOCUS_NM = 6.0


def lens_of(section: MicroscopeSection, voltage_kv: float | None) -> Lens:
    """The microscope's lens: the manifest's numbers, then the file's, then the usual ones.

    Args:
        section: of the manifest.
        voltage_kv: as the recording says after the manifest's correction; None where neither does.
    """
    return Lens(
        voltage_kv=voltage_kv or USUAL_VOLTAGE_KV,
        defocus_nm=USUAL_DEFOCUS_NM if section.defocus_nm is None else section.defocus_nm,
        spherical_aberration_um=section.spherical_aberration_um,
        focal_spread_nm=section.focal_spread_nm,
    )


def host_with_lattice(manifest: Manifest) -> Host:
    """The sample's host with the lattice constant that the manifest states, if it does.

    Raises:
        InputError: no such host.
    """
    assert manifest.sample.host is not None
    host = host_named(manifest.sample.host)
    stated = manifest.sample.lattice_nm
    return host if stated is None else replace(host, lattice_nm=stated)


def allowed_compounds(sample: SampleFolder) -> list[Compound]:
    """The compounds that the particles may be: the manifest's, else all that the host allows."""
    names = sample.manifest.model.compounds
    if names is not None:
        return [named_compound(sample, name) for name in names]
    host = sample.manifest.sample.host
    a_ion = None if host is None else host_named(host).a_ion
    return [one for one in compounds().values() if one.a_ion in (None, a_ion)]
