"""Rendered Python as the linter and formatter want it."""

from __future__ import annotations

import ast
import io
import subprocess
import tempfile
import textwrap
import tokenize
from collections.abc import Mapping
from pathlib import Path

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
    from ruff import find_ruff_bin

    ruff = find_ruff_bin()
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        for name, text in files.items():
            place = root / name
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(text, encoding="utf-8")
        options = ["--no-cache", "--quiet", "--config", str(_CONFIG)]
        compact = ["--config", "format.skip-magic-trailing-comma=true"]
        tidy = ["--select", "F401,I", "--config", "lint.isort.split-on-trailing-comma=false"]
        _run([ruff, "check", "--fix", "--exit-zero", *tidy, *options, "."], root)
        _run([ruff, "format", *compact, *options, "."], root)
        _run([ruff, "format", *options, "."], root)
        return {name: (root / name).read_text(encoding="utf-8") for name in files}


def _run(command: list[str], folder: Path) -> None:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SyntaxError(done.stderr or done.stdout)


def split_long_strings(code: str) -> str:
    """The code with string literals that make a line too long written in several pieces."""
    lines = code.split("\n")
    if all(len(line) <= _LINE for line in lines):
        return code
    documentation = _docstring_lines(code)
    replacements: list[tuple[int, int, int, str]] = []
    for token in tokenize.generate_tokens(io.StringIO(code).readline):
        row, start = token.start
        splittable = token.type == tokenize.STRING and row == token.end[0] and row not in documentation
        if splittable and len(lines[row - 1]) > _LINE and token.end[1] - start > _PIECE // 2:
            value = ast.literal_eval(token.string)
            pieces = _pieces(value) if isinstance(value, str) else []
            if len(pieces) > 1 and not token.string.lower().startswith(("r", "b", "f")):
                replacements.append((row, start, token.end[1], "(" + " ".join(map(repr, pieces)) + ")"))
    for row, start, end, text in reversed(replacements):
        line = lines[row - 1]
        lines[row - 1] = line[:start] + text + line[end:]
    return "\n".join(lines)


def _pieces(value: str) -> list[str]:
    found: list[str] = []
    for part in textwrap.wrap(
        value, _PIECE, drop_whitespace=False, replace_whitespace=False, expand_tabs=False, break_on_hyphens=False
    ):
        found.append(part)
    return found if "".join(found) == value else [value[i : i + _PIECE] for i in range(0, len(value), _PIECE)]


def _docstring_lines(code: str) -> set[int]:
    found: set[int] = set()
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
            found |= set(range(node.lineno, (node.end_lineno or node.lineno) + 1))
    return found
