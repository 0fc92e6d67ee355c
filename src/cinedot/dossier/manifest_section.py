"""What every section of `sample.toml` has in common."""

from pydantic import BaseModel, ConfigDict


class Section(BaseModel):
    """A section of `sample.toml`: unknown keys are errors, values do not change."""

    # Strict: TOML has types, and `series = "yes"` or `x = true` is a slip of the pen.
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)
