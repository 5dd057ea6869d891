"""Comments that silence a tool, as the tokenizer sees them: text inside strings never counts."""

from __future__ import annotations

import io
import re
import tokenize
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

Kind = Literal["lint", "types", "other"]
"""Which tool is silenced; `other` is the coverage count, the formatter and tools that the runtime does not run."""

_MARK = re.compile(
    r"#\s*(?P<mark>(?:ruff:\s*|flake8:\s*)?noqa|type:\s*ignore|mypy:\s*\S+|pragma:\s*no\s*(?:cover|branch)|"
    r"pyright:\s*ignore|pylint:\s*disable|nosec|fmt:\s*(?:off|skip))\b",
    re.IGNORECASE,
)
_CODE = re.compile(r"\[[^\]]*\]|\b[A-Z]+\d+\b")
_REASON_LETTERS = 4


@dataclass(frozen=True, slots=True)
class Suppression:
    """One comment that silences a linter, a type checker or the coverage count."""

    file: str
    line: int
    comment: str
    kind: Kind
    explained: bool
    """It names what it silences, and a reason stands beside it or in a comment of its own on the line above."""

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.comment} needs the code that it silences and a reason beside it"


def suppressions(files: Mapping[str, str]) -> tuple[Suppression, ...]:
    """Every suppression in the Python files among these (path → content)."""
    return tuple(
        found
        for path, content in sorted(files.items())
        if path.endswith(".py") and _MARK.search(content)
        for found in _in_file(path, content)
    )


def _in_file(path: str, content: str) -> Iterator[Suppression]:
    alone: dict[int, str] = {}
    for token in _comments(content):
        found = _MARK.search(token.string)
        if found is None:
            if token.line.lstrip().startswith("#"):
                alone[token.start[0]] = token.string
            continue
        line = token.start[0]
        beside = token.string[: found.start()] + token.string[found.end("mark") :]
        explained = bool(_CODE.search(beside)) and (_reason(beside) or line - 1 in alone)
        yield Suppression(path, line, token.string.strip(), _kind(found["mark"]), explained)


def _kind(mark: str) -> Kind:
    if "noqa" in mark.lower():
        return "lint"
    return "types" if mark.lower().startswith(("type", "mypy")) else "other"


def _reason(beside: str) -> bool:
    """True when words are left once codes and punctuation are gone."""
    text = _CODE.sub(" ", beside)
    return len(re.findall(r"[A-Za-z]", text)) >= _REASON_LETTERS


def _comments(content: str) -> Iterator[tokenize.TokenInfo]:
    try:
        for token in tokenize.generate_tokens(io.StringIO(content).readline):
            if token.type == tokenize.COMMENT:
                yield token
    except (tokenize.TokenError, SyntaxError, ValueError):
        return  # what cannot be tokenized is a finding of the linter
