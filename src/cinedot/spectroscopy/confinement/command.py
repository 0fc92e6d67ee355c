"""What `cinedot predict` does: read its options, run every law, draw, print."""

from cinedot.core.files import written_whole
from cinedot.spectroscopy.confinement.comparison import compare_laws
from cinedot.spectroscopy.confinement.figure import laws_figure
from cinedot.spectroscopy.confinement.report import comparison_json, comparison_text
from cinedot.spectroscopy.confinement.request import PredictOptions, read_predict_options


def predict_light(options: PredictOptions) -> str:
    """Every law's answer, as text or JSON; the picture too, where one is wanted.

    Raises:
        InputError: an option that cannot be, or a picture that cannot be written.
    """
    request = read_predict_options(options)
    found = compare_laws(request)
    if request.figure is not None:
        with written_whole(request.figure) as beside:
            laws_figure(found).savefig(beside, dpi=150)
    return comparison_json(found) if request.json else comparison_text(found)
