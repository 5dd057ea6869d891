"""Everything in a new service's repository beside its code and its contract."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path

from agent.binding.model import Binding
from agent.binding.words import words
from agent.catalog.model import Catalog
from agent.contract.model import Contract
from agent.stacks.python_fastapi.project.migrations import migration_files
from agent.stacks.python_fastapi.project.readme import readme_file
from agent.stacks.python_fastapi.project.rendering import render
from agent.stacks.python_fastapi.project.settings import environment_example
from agent.stacks.python_fastapi.project.shape import Shape
from agent.stacks.python_fastapi.project.testing import test_files

_TOOLCHAIN = Path(__file__).parent.parent / "toolchain"
_REQUIREMENT = re.compile(r"^[a-zA-Z][^#\n]*==[^#\n]*$", re.MULTILINE)


def project_files(
    contract: Contract, catalog: Catalog, binding: Binding, title: str, source: Mapping[str, str]
) -> Mapping[str, str]:
    """Project files, migrations and tests for the service whose code is `source`: path → content."""
    shape = Shape(contract, catalog, binding)
    name = "-".join(words(title)) or "service"
    module = name.replace("-", "_")
    document = next((path for path in sorted(source) if path.startswith("openapi.")), "openapi.json")
    return {
        ".dockerignore": render("project/dockerignore"),
        ".env.example": environment_example(source),
        ".github/workflows/ci.yml": render("project/ci.yml.jinja", document=document),
        ".gitignore": render("project/gitignore"),
        ".python-version": render("project/python-version"),
        "Dockerfile": render("project/Dockerfile"),
        "README.md": readme_file(shape, title, source),
        "compose.yaml": render("project/compose.yaml.jinja", module=module),
        "pyproject.toml": render(
            "project/pyproject.toml.jinja",
            name=name,
            description=json.dumps(title, ensure_ascii=False),
            requirements=_requirements("service.in"),
            development=_requirements("requirements.in"),
        ),
        "requirements.lock": (_TOOLCHAIN / "service.lock").read_text(encoding="utf-8"),
        "requirements-dev.lock": (_TOOLCHAIN / "requirements.lock").read_text(encoding="utf-8"),
        **migration_files(catalog),
        **test_files(shape, source),
    }


def _requirements(file: str) -> list[str]:
    """The pinned requirements of one of the toolchain's `.in` files, as TOML strings."""
    text = (_TOOLCHAIN / file).read_text(encoding="utf-8")
    found = (line.strip().replace('"', "'") for line in _REQUIREMENT.findall(text))
    return [f'"{requirement}"' for requirement in found]
