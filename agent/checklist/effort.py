"""How long the checklist may look for what is hard to find."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field, FiniteFloat


class Effort(BaseModel):
    """Budgets of the checks that could look for ever. Less of them finds less; what was not looked at is unchecked."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    fuzz_seconds: FiniteFloat | None = Field(default=None, ge=0)
    """For fuzzing, all operations together, on a quiet machine. None: ten seconds for up to twenty operations, half a
    second more for each further one, up to a minute."""
    mutant_seconds: FiniteFloat = Field(default=3.0, ge=0)
    """Processor time that the tests may spend on changes of the code."""
    load_seconds: FiniteFloat = Field(default=5.0, ge=1)
    """For load on one endpoint: the best of so many windows of a second counts. The first that meets all
    bounds is the last; a busy machine needs several."""
