"""Steps of a procedure, and the sentences that a bench sheet makes of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from cinedot.core import InputError
from cinedot.core.nearest import did_you_mean
from cinedot.recipe.mixtures import Amount, Mixture, Solved
from cinedot.recipe.stated import Stated


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step.

    Attributes:
        do: what is done, as the beginning of a sentence.
        of: the reagent or mixture that it is done with.
        to: the mixture that it goes to; its line of `of` then says how much.
        mass, volume: how much, where that is not a line of `to`.
        scales: whether that grows with the recipe.
        times: how often.
        conditions: time, speed, temperature and so on, each as written.
        until, keep, note: what to wait for, what to go on with, what else to know.
    """

    do: str
    of: str | None = None
    to: str | None = None
    mass: Stated | None = None
    volume: Stated | None = None
    scales: bool = True
    times: int = 1
    conditions: Mapping[str, str]
    until: str | None = None
    keep: str | None = None
    note: str | None = None

    def scaled(self, factor: float) -> "Step":
        """The step of a recipe `factor` times as large; times, speeds and temperatures stay."""
        if not self.scales:
            return self
        return replace(
            self,
            mass=None if self.mass is None else self.mass.scaled(factor),
            volume=None if self.volume is None else self.volume.scaled(factor),
        )

    def sentence(self, mixtures: Mapping[str, Solved]) -> str:
        """The step in words, with its amounts.

        Args:
            mixtures: the recipe's, for what goes to one of them.

        Example:
            >>> Step(do="Centrifuge", conditions={"speed": "10000 rpm", "time": "10 min"},
            ...      keep="supernatant").sentence({})
            'Centrifuge at 10000 rpm for 10 min; keep the supernatant.'
        """
        words = [self.do, *self._amount(mixtures)]
        words += [_WORDS[key].format(value) for key, value in self.conditions.items()]
        text = " ".join(words).replace(" , ", ", ")
        if self.times > 1:
            text += f", {self.times} times in all"
        if self.until:
            text += f", until {self.until}"
        if self.note:
            text += f", {self.note}"
        if self.keep:
            text += f"; keep the {self.keep}"
        return f"{text}."

    def _amount(self, mixtures: Mapping[str, Solved]) -> list[str]:
        """How much of what goes where, as far as it is known."""
        measured = self.volume or self.mass
        words = [] if measured is None else [measured.text]
        if measured is None and self.of and self.to and self.to in mixtures:
            there = mixtures[self.to].amount(self.of)
            words = [] if there is None else [measure(there)]
        if self.of:
            what = f"the {self.of}" if self.of in mixtures else self.of
            words.append(f"of {what}" if words else what)
        if self.to:
            words.append(f"to the {self.to}" if self.to in mixtures else f"to {self.to}")
        return words


def require_line(step: Step, mixtures: Sequence[Mixture]) -> None:
    """A step that takes its amount from a line of a mixture finds that line.

    Args:
        step: the step.
        mixtures: the recipe's.

    Raises:
        InputError: `to` is a mixture, no amount is stated, and it has no line of `of`.

    Example:
        >>> require_line(Step(do="Pour", of="stock", to="a beaker", conditions={}), [])
    """
    there = {one.name: one for one in mixtures}.get(step.to or "")
    if there is None or step.of is None or step.volume is not None or step.mass is not None:
        return
    lines = [line.words for line in there.lines]
    known = [word for words in lines for word in words]
    if step.of.lower() not in {word.lower() for word in known}:
        raise InputError(
            f"`of` must be a line of [mixture.{there.name}], which says how much, but is "
            f"{step.of!r}.",
            remedy=f"{did_you_mean(step.of, known)}Its lines are "
            f"{', '.join(words[0] for words in lines)}; or state a mass or volume in the step.",
        )


_WORDS = {
    "interval": ", a drop every {}",
    "through": "through {}",
    "pore": "with pores of {}",
    "speed": "at {}",
    "temperature": "at {}",
    "humidity": "at {} humidity",
    "pressure": "at {}",
    "atmosphere": "under {}",
    "thickness": "to {}",
    "time": "for {}",
}
CONDITIONS: Mapping[str, str] = {
    "interval": "s",
    "through": "",
    "pore": "um",
    "speed": "rpm",
    "temperature": "degC",
    "humidity": "%",
    "pressure": "Pa",
    "atmosphere": "",
    "thickness": "nm",
    "time": "s",
}
"""The conditions that a step may have, in the order in which they are said, with a unit of each."""


def measure(amount: Amount) -> str:
    """What to measure out: a liquid's volume, a solid's mass.

    Example:
        >>> from cinedot.recipe.mixtures import Line
        >>> from cinedot.recipe.reagents import reagent_named
        >>> line = Line(reagent=reagent_named("DMF"), given={})
        >>> measure(Amount(line=line, mass_mg=None, volume_ml=0.0396, moles_umol=None,
        ...     equivalents=None, concentration_mm=None, concentration_mg_per_ml=None))
        '39.6 uL'
    """
    volume, mass = amount.volume_ml, amount.mass_mg
    if volume is not None:
        return f"{volume * 1000:.4g} uL" if volume < 1 else f"{volume:.4g} mL"
    if mass is None:
        return ""
    return f"{mass:.4g} mg" if mass < 1000 else f"{mass / 1000:.4g} g"
