"""Rates for the section `decay`, where a quantum yield is known."""

from dataclasses import replace

from cinedot.core import Estimate
from cinedot.dossier.findings import Findings
from cinedot.dossier.known import Known
from cinedot.spectroscopy import PAPER_K_R_PER_S, Rates, find_rates


def with_rates(findings: Findings, lifetime: Estimate, known: Known) -> Findings:
    """The findings of a decay with the rates that the yield of the same sample gives.

    Args:
        findings: without them.
        lifetime: amplitude-weighted mean, ns.
        known: what the other sections found, and what was reported.
    """
    found = known.number("quantum_yield.phi")
    if found is None or float(found.estimate.value) <= 0:
        return replace(findings, completed=None)
    rates = find_rates(found.estimate, lifetime)
    yielded = f"{found.estimate.text()} from {found.origin}"
    return replace(
        findings,
        results={**findings.results, "k_r": rates.k_r, "k_nr": rates.k_nr},
        remarks=(*findings.remarks, *_remarks(rates, found.estimate, lifetime)),
        facts={
            **findings.facts,
            "quantum yield": yielded,
            "correlation of k_r and k_nr": f"{rates.correlation:+.2f}",
        },
        completed=None,
    )


def _remarks(rates: Rates, phi: Estimate, lifetime: Estimate) -> tuple[str, ...]:
    assumed = (
        "The rates take it that every dot that absorbs may emit: dark dots lower the yield and "
        "leave the lifetime as it is.",
    )
    if rates.dark is None:
        return assumed
    return (
        *assumed,
        f"The yield is low ({phi.text()}) though the lifetime is long ({lifetime.text()}): k_r "
        f"would be {PAPER_K_R_PER_S / float(rates.k_r.value):.1f} times less than the "
        f"{PAPER_K_R_PER_S:.3g} per s of the paper's compound 1. Up to {100 * rates.dark:.0f} % of "
        "dots that absorb and never emit would explain the same, and then these rates are those "
        "of no dot.",
    )
