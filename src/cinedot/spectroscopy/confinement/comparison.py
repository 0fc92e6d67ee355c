"""All laws on the shapes and the colour that were asked for, side by side."""

from dataclasses import dataclass

from cinedot.core import AnalysisError, Estimate, InputError
from cinedot.spectroscopy.confinement.catalogue import NamedLaw, laws_of
from cinedot.spectroscopy.confinement.disagreement import Disagreement, disagreement_of
from cinedot.spectroscopy.confinement.known_sizes import Shape
from cinedot.spectroscopy.confinement.prediction import Prediction, edge_from_wavelength, predict
from cinedot.spectroscopy.confinement.request import PredictRequest


@dataclass(frozen=True, slots=True, kw_only=True)
class LawRow:
    """What one law says.

    Attributes:
        named: the law.
        predictions: of each shape; None where it does not speak of it.
        cube, platelet: edge and thickness that have the wavelength asked for, nm; None where the
            law has none or none was asked for.
        messages: why it has no answer where one was wanted.
    """

    named: NamedLaw
    predictions: tuple[Prediction | None, ...]
    cube: Estimate | None
    platelet: Estimate | None
    messages: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """All laws side by side.

    Attributes:
        request: what was asked.
        rows: one a law.
        disagreement: of the paper and literature sizing.
    """

    request: PredictRequest
    rows: tuple[LawRow, ...]
    disagreement: Disagreement


def compare_laws(request: PredictRequest) -> Comparison:
    """Run every law on what was asked.

    Example:
        >>> from cinedot.spectroscopy.confinement.request import (
        ...     PredictOptions, read_predict_options)
        >>> asked = read_predict_options(PredictOptions(host="MAPbBr3", edges="4"))
        >>> for row in compare_laws(asked).rows[:2]:
        ...     print(row.named.key, round(row.predictions[0].wavelength.value, 1))
        brus-edge 456.0
        brus-half-edge 289.2
    """
    laws = laws_of(
        request.semiconductor,
        corrections=request.corrections,
        barrier_ev=request.barrier_ev,
        own_size=request.own_size,
    )
    return Comparison(
        request=request,
        rows=tuple(_row(named, request) for named in laws),
        disagreement=disagreement_of(request.semiconductor.host),
    )


def _row(named: NamedLaw, request: PredictRequest) -> LawRow:
    messages: list[str] = []
    predictions: list[Prediction | None] = []
    for shape in request.shapes:
        try:
            predictions.append(predict(named, shape.edges_nm))
        except AnalysisError as fault:
            predictions.append(None)
            messages.append(str(fault))
    return LawRow(
        named=named,
        predictions=tuple(predictions),
        cube=_inverse(named, request.wavelength, "cube", messages),
        platelet=_inverse(named, request.wavelength, "platelet", messages),
        messages=tuple(dict.fromkeys(messages)),
    )


def _inverse(
    named: NamedLaw, wavelength: Estimate | None, shape: Shape, messages: list[str]
) -> Estimate | None:
    if wavelength is None:
        return None
    try:
        return edge_from_wavelength(named, wavelength, shape=shape)
    except InputError:  # it does not speak of such shapes
        return None
    except AnalysisError as fault:
        messages.append(str(fault))
        return None
