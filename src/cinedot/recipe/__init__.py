"""What was mixed: reagents, equivalents, protocol, scaling.

A recipe file enters (`read_recipe`, or `shipped_recipe` for the paper's own): mixtures of reagents,
each with whatever is stated of it, and steps. `solve_recipe` derives every amount from one set of
linear equations, names the numbers that contradict each other, and says how much product there
can be; `Recipe.scaled` makes it larger; `sheet_text` and `sheet_json` print it. What light to
expect needs the room `growth`.

stated -> reagents -> mixtures -> solving; product, protocol -> recipe
tables -> recipe_files -> recipe -> sheet
"""

from cinedot.recipe.mixtures import Amount as Amount
from cinedot.recipe.mixtures import Line as Line
from cinedot.recipe.mixtures import Mixture as Mixture
from cinedot.recipe.mixtures import Solved as Solved
from cinedot.recipe.product import Dots as Dots
from cinedot.recipe.product import Grafted as Grafted
from cinedot.recipe.product import Product as Product
from cinedot.recipe.product import Yield as Yield
from cinedot.recipe.product import dot_mass_g_per_mol as dot_mass_g_per_mol
from cinedot.recipe.product import most_of as most_of
from cinedot.recipe.protocol import Step as Step
from cinedot.recipe.reagents import Reagent as Reagent
from cinedot.recipe.reagents import formula_mass_g_per_mol as formula_mass_g_per_mol
from cinedot.recipe.reagents import hazard_statement as hazard_statement
from cinedot.recipe.reagents import known_reagents as known_reagents
from cinedot.recipe.reagents import reagent_named as reagent_named
from cinedot.recipe.recipe import Contradiction as Contradiction
from cinedot.recipe.recipe import Recipe as Recipe
from cinedot.recipe.recipe import SolvedRecipe as SolvedRecipe
from cinedot.recipe.recipe import amount_for as amount_for
from cinedot.recipe.recipe import solve_recipe as solve_recipe
from cinedot.recipe.recipe_files import read_recipe as read_recipe
from cinedot.recipe.recipe_files import recipe_from_text as recipe_from_text
from cinedot.recipe.recipe_files import shipped_recipe as shipped_recipe
from cinedot.recipe.recipe_files import shipped_recipes as shipped_recipes
from cinedot.recipe.sheet import sheet_json as sheet_json
from cinedot.recipe.sheet import sheet_text as sheet_text
from cinedot.recipe.solving import solve_mixture as solve_mixture
from cinedot.recipe.stated import Stated as Stated
from cinedot.recipe.stated import read_stated as read_stated
