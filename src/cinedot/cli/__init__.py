"""The command line: parse, call, print. Everything heavy is imported where it is used.

Options of commands are typed as a user types them, and go as they are to the room that reads them.
Modules: samples, cataloging, models, chemistry, each with its commands.
"""

from cinedot.cli.app import app as app
from cinedot.cli.app import main as main

# Help lists commands in the order of these lines.
# isort: off
from cinedot.cli.samples import analyze as analyze
from cinedot.cli.samples import compare as compare
from cinedot.cli.samples import demo as demo
from cinedot.cli.samples import new as new
from cinedot.cli.cataloging import catalog as catalog
from cinedot.cli.models import build as build
from cinedot.cli.models import plan as plan
from cinedot.cli.models import simulate as simulate
from cinedot.cli.chemistry import grow as grow
from cinedot.cli.chemistry import predict as predict
from cinedot.cli.chemistry import recipe as recipe
