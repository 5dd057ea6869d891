"""Renders templates into the text of a project's files."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from agent.stacks.python_fastapi.project.source import literal
from agent.stacks.templates import source_templates

if TYPE_CHECKING:
    from jinja2 import Environment

_TEMPLATES = Path(__file__).parent.parent / "templates"


def render(template: str, **values: Any) -> str:
    """The text of `templates/<template>` with these values; a missing value is an error."""
    return _environment().get_template(template).render(values)


@cache
def _environment() -> Environment:
    return source_templates(_TEMPLATES, literal=literal)
