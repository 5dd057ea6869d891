"""Which pipelines check the document."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.checklist.pipelines import commands, pipeline_problems

DOCUMENTS = ["api/openapi.yaml"]


def problems(*lines: str, path: str = ".github/workflows/ci.yml", step: str = "") -> list[str]:
    script = "\n".join(f"          {line}" for line in lines)
    content = f"on: [push]\njobs:\n  a:\n    steps:\n      - name: x\n{step}        run: |\n{script}\n"
    return pipeline_problems({path: content}, DOCUMENTS)


@pytest.mark.parametrize(
    "line",
    [
        "openapi-spec-validator openapi.json",
        "npx @stoplight/spectral lint api/openapi.yaml",
        "python scripts/check_document.py --check openapi.yaml",
        "uvx schemathesis run openapi.yaml",
    ],
)
def test_a_step_that_checks_the_document_is_found(line: str) -> None:
    assert not problems("ruff check .", line)


@pytest.mark.parametrize(
    "line", ["pytest", "# openapi-spec-validator openapi.json", "echo spectral lint", "cat openapi.yaml"]
)
def test_other_steps_are_none(line: str) -> None:
    assert "no step" in problems(line)[0]


def test_a_step_that_cannot_fail_is_none() -> None:
    assert "cannot fail" in problems("spectral lint openapi.yaml || true")[0]
    assert "cannot fail" in problems("spectral lint openapi.yaml", step="        continue-on-error: true\n")[0]
    assert "no step" in problems("spectral lint openapi.yaml", step="        if: false\n")[0]


def test_no_pipeline_is_told() -> None:
    assert "no continuous integration" in problems("spectral lint", path="ci.yml")[0]


@given(st.text())
def test_any_text_can_be_read(content: str) -> None:
    assert isinstance(list(commands(content)), list)
