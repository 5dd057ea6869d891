"""The gate lint: ruff with the runtime's configuration, names, suppressions.

Ruff runs as the stack configures it, whatever the worktree's own configuration says. A configuration in the worktree
that says something else than the rule fails the rule too, because that is what its developers will run.
"""

from __future__ import annotations

import shlex
import tomllib
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

from agent.checklist.case import Case, Found, Owing, joined
from agent.checklist.names import environment_names, file_names, function_names
from agent.checklist.pasting import shown
from agent.checklist.suppressions import Suppression, suppressions
from agent.receipts import Measures, Receipt
from tools.reports import Finding, ToolReport

RULES: Mapping[str, str] = {
    "RUF-TARGET": "lint: ruff as Python 3.12: syntax and pyupgrade",
    "RUF-LINE": "lint: ruff check (E501) and ruff format at 100 columns",
    "RUF-SELECT": "lint: ruff, every other selected family; suppressions without a reason",
    "NAM-FILE-PY": "lint: names of the Python files",
    "NAM-FUNC": "lint: names in the syntax trees",
    "NAM-ENV": "lint: names that the code asks the environment for",
}

_RUFF = ("RUF-TARGET", "RUF-LINE", "RUF-SELECT")
_FAMILIES = ("E", "W", "F", "I", "B", "C4", "UP", "ARG", "SIM")
_OWN = "grep -nE 'target-version|line-length|select' pyproject.toml ruff.toml .ruff.toml"
_REMEDY = "or delete the setting: the gate brings its own configuration"


async def settle(case: Case, owing: Owing) -> Found:
    """Settle what the gate lint owes."""
    files = case.workspace.read()
    if not any(path.endswith(".py") for path in files):
        return owing.cannot(RULES, "the tree holds no Python file", reproduce="find . -name '*.py'")
    report = await case.stack.lint(case.workspace)
    silenced = suppressions(files)
    found = (
        ("NAM-FILE-PY", file_names(files), "names of *.py", "find . -name '*.py' | grep -E '[A-Z-]'"),
        ("NAM-FUNC", function_names(files), "syntax trees of *.py", "ruff check --select N802 ."),
        ("NAM-ENV", environment_names(files), "syntax trees of *.py, keys of .env files", "cat .env.example"),
    )
    names = tuple(
        receipt
        for rule, problems, ran, otherwise in found
        for receipt in owing.judge(rule, problems, ran=ran, reproduce=shown(problems, otherwise))
    )
    return joined((_ruff(report, files, silenced, owing), Found(names, Measures(suppressions=len(silenced)))))


def _ruff(report: ToolReport, files: Mapping[str, str], silenced: tuple[Suppression, ...], owing: Owing) -> Found:
    ran = " ".join(report.command)
    if report.crashed:
        why = f"ruff did not finish: {report.crashed}"
        return owing.cannot(_RUFF, why, ran=ran, reproduce=ran, seconds=report.seconds)
    own = _configured(files)
    unexplained = [str(one) for one in silenced if one.kind == "lint" and not one.explained]
    extra = {
        "RUF-TARGET": _contradiction(own, "target-version", "py312"),
        "RUF-LINE": _contradiction(own, "line-length", 100),
        "RUF-SELECT": [*unexplained, *_unselected(own)],
    }
    receipts: list[Receipt] = []
    for rule in _RUFF:
        findings = [finding for finding in report.findings if rule_of(finding) == rule]
        receipts += owing.judge(
            rule,
            [*map(str, findings), *extra[rule]],
            ran=ran,
            found=f"nothing found; {len(silenced)} suppressions in the code",
            reproduce=_again(report.command) if findings else shown(extra[rule], _OWN),
            places=[f"{finding.file}:{finding.line}" for finding in findings],
            seconds=report.seconds,
        )
    return Found(tuple(receipts))


def _again(command: Sequence[str]) -> str:
    """Both commands, with the configuration that this one was given."""
    config = option_of(command, "--config")
    return f"ruff check --config {config} . && ruff format --check --config {config} ."


def option_of(command: Sequence[str], name: str) -> str:
    """What follows the name of an option, quoted for a shell; empty where the command does not have it."""
    return shlex.quote(next((after for one, after in pairwise(command) if one == name), ""))


def rule_of(finding: Finding) -> str:
    """The rule that a finding of ruff counts for."""
    match finding.code:
        case "E501" | "format" | "unformatted" | "would-reformat":
            return "RUF-LINE"
        case code if code.startswith("UP") or "syntax" in code or code == "E999":
            return "RUF-TARGET"
        case _:
            return "RUF-SELECT"


def _configured(files: Mapping[str, str]) -> Mapping[str, Any]:
    """The worktree's own ruff settings; empty when there are none, or none that can be read."""
    for name in ("ruff.toml", ".ruff.toml", "pyproject.toml"):
        settings = toml(files.get(name, ""))
        if name == "pyproject.toml":
            settings = settings.get("tool", {}).get("ruff", {})
        if settings:
            return settings
    return {}


def _contradiction(own: Mapping[str, Any], setting: str, wanted: object) -> list[str]:
    if setting not in own or own[setting] == wanted:
        return []
    return [f"the repository's ruff configuration says {setting} = {own[setting]!r}; write {wanted!r}, {_REMEDY}"]


def _unselected(own: Mapping[str, Any]) -> list[str]:
    selected = own.get("lint", {}).get("select", own.get("select"))
    if selected is None or "ALL" in selected:
        return []
    missing = [family for family in _FAMILIES if family not in selected]
    return [f"the repository's ruff configuration does not select {', '.join(missing)}"] if missing else []


def toml(text: str) -> Mapping[str, Any]:
    """A TOML document, empty when it cannot be read."""
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return {}
