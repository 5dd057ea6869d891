"""What may be added to a service's packages: decided by who runs the agent and by the task, never by the workspace."""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

from packaging.utils import canonicalize_name
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from agent.errors import InputError, Problem
from agent.places import settings_folder

_SHIPPED = Path(__file__).with_name("allowed.txt")
_SETTINGS = "dependencies.toml"

PERMISSIVE = (
    *("0BSD", "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "BSL-1.0", "CC0-1.0", "ISC", "MIT", "MIT-0", "MPL-2.0"),
    *("PSF-2.0", "Python-2.0", "Unlicense", "Zlib"),
)
"""Licences under which a package may be used in a service whose own licence nobody has told."""
ANY_LICENCE = "*"


def _normal(names: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(sorted({str(canonicalize_name(name)) for name in names}))


class Policy(BaseModel):
    """What may be added. `dependencies.toml` in the settings folder has these fields."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    allowed: Annotated[tuple[str, ...], AfterValidator(_normal)] = ()
    """Packages that are good without a question, beside those that are shipped; the rest below is for others."""
    minimum_age_days: Annotated[int, Field(ge=0)] = 14
    """A release must have been public for so long, so that others have found out what is wrong with it."""
    licences: tuple[str, ...] = PERMISSIVE
    """SPDX names; a package's expression must be satisfied by them. `*` stands for any, also for none."""

    def with_allowed(self, names: Iterable[str]) -> Policy:
        """The same, with more packages that are good without a question."""
        return self.model_copy(update={"allowed": _normal((*self.allowed, *names))})

    def of_owners(self) -> Policy:
        """The same for what a repository's owners have chosen already: its licence is their affair."""
        return self.model_copy(update={"licences": (ANY_LICENCE,)})

    @property
    def digest(self) -> str:
        """Changes when the policy does."""
        return hashlib.sha256(self.model_dump_json().encode()).hexdigest()[:16]


def load_policy(allowed: Iterable[str] = ()) -> Policy:
    """The shipped policy, with the settings of the person who runs this, and what the task allows.

    Raises InputError when the settings file cannot be used.
    """
    shipped = [line.strip() for line in _SHIPPED.read_text(encoding="utf-8").splitlines()]
    names = [line for line in shipped if line and not line.startswith("#")]
    return _settings(settings_folder() / _SETTINGS).with_allowed((*names, *allowed))


def _settings(path: Path) -> Policy:
    try:
        return Policy.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except FileNotFoundError:
        return Policy()
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise InputError([Problem(str(path), f"cannot be read: {error}")]) from error
    except ValidationError as error:
        found = [Problem(f"{path}: {'.'.join(map(str, one['loc']))}", one["msg"]) for one in error.errors()]
        raise InputError(found) from error
