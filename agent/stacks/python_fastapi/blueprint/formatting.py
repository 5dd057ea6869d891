"""Rendered Python as the linter and formatter want it."""

from __future__ import annotations

import ast
import io
import subprocess
import textwrap
import tokenize
from collections.abc import Mapping
from pathlib import Path

from ruff import find_ruff_bin  # type: ignore[import-untyped]  # it has no stubs

from agent.stacks.python_fastapi.blueprint.text import docstring
from tools.scratch import scratch_folder
from tools.stopped import heed

_CONFIG = Path(__file__).parent.parent / "toolchain" / "ruff.toml"
_LINE = 100
_PIECE = 60


def formatted(files: Mapping[str, str]) -> dict[str, str]:
    """The files with Python formatted, imports sorted, unused ones gone and long strings in pieces."""
    python = {name: text for name, text in files.items() if name.endswith(".py")}
    once = _ruff(python)
    broken = {name: split_long_strings(text) for name, text in once.items()}
    again = {name: text for name, text in broken.items() if text != once[name]}
    return {**files, **once, **(_ruff(again) if again else {})}


def _ruff(files: Mapping[str, str]) -> dict[str, str]:
    ruff = find_ruff_bin()
    with scratch_folder("formatting") as root:
        for name, text in files.items():
            place = root / name
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(text, encoding="utf-8")
        options = ["--no-cache", "--config", str(_CONFIG)]
        compact = ["--config", "format.skip-magic-trailing-comma=true"]
        tidy = ["--select", "F401,I", "--config", "lint.isort.split-on-trailing-comma=false"]
        _run([ruff, "check", "--fix", "--exit-zero", *tidy, *options, "."], root)
        _run([ruff, "format", *compact, *options, "."], root)
        _run([ruff, "format", *options, "."], root)
        return {name: (root / name).read_text(encoding="utf-8") for name in files}


def _run(command: list[str], folder: Path) -> None:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    heed(done.returncode)
    if done.returncode:
        raise SyntaxError(done.stderr or done.stdout)


def split_long_strings(code: str) -> str:
    """The code with docstrings wrapped and other strings written in pieces, where they make a line too long."""
    lines = code.split("\n")
    if all(len(line) <= _LINE for line in lines):
        return code
    documentation = _docstrings(code)
    covered = {row for first, last, _ in documentation for row in range(first, last + 1)}
    replacements: list[tuple[int, int, int, int, str]] = []
    for first, last, value in documentation:
        if any(len(line) > _LINE for line in lines[first - 1 : last]):
            indent = len(lines[first - 1]) - len(lines[first - 1].lstrip())
            replacements.append((first, indent, last, len(lines[last - 1]), docstring(value, indent=indent)))
    for token in tokenize.generate_tokens(io.StringIO(code).readline):
        row, start = token.start
        plain = token.type == tokenize.STRING and not token.string.lower().startswith(("r", "b", "f", "u"))
        if plain and row == token.end[0] and row not in covered and len(lines[row - 1]) > _LINE:
            pieces = _pieces(str(ast.literal_eval(token.string)))
            if len(pieces) > 1:
                replacements.append((row, start, row, token.end[1], "(" + " ".join(map(repr, pieces)) + ")"))
    for first, start, last, end, text in sorted(replacements, reverse=True):
        lines[first - 1 : last] = [lines[first - 1][:start] + text + lines[last - 1][end:]]
    return "\n".join(lines)


def _pieces(value: str) -> list[str]:
    wrapped = textwrap.wrap(
        value, _PIECE, drop_whitespace=False, replace_whitespace=False, expand_tabs=False, break_on_hyphens=False
    )
    whole = "".join(wrapped) == value
    return wrapped if whole else [value[start : start + _PIECE] for start in range(0, len(value), _PIECE)]


def _docstrings(code: str) -> list[tuple[int, int, str]]:
    """First line, last line and text of every string that stands alone."""
    return [
        (node.lineno, node.end_lineno or node.lineno, node.value.value)
        for node in ast.walk(ast.parse(code))
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
    ]
