"""The gate types: mypy, strict, with the runtime's configuration."""

from __future__ import annotations

import configparser
from collections.abc import Mapping
from typing import Any

from agent.checklist.case import Case, Found, Owing
from agent.checklist.lint import option_of, toml
from agent.checklist.pasting import shown
from agent.checklist.suppressions import suppressions
from agent.receipts import Receipt
from tools.reports import Finding

RULES: Mapping[str, str] = {
    "MYP-VERSION": "types: mypy as Python 3.12: what it cannot parse; the repository's own setting",
    "MYP-STRICT": "types: mypy strict, every code but the two rules beside",
    "MYP-RETURN-ANY": "types: mypy, no-any-return",
}

_OWN = "grep -nE 'python_version|strict|warn_return_any' pyproject.toml mypy.ini .mypy.ini"


async def settle(case: Case, owing: Owing) -> Found:
    """Settle what the gate types owes."""
    report = await case.stack.check_types(case.workspace)
    ran = " ".join(report.command)
    if report.crashed:
        why = f"mypy did not finish: {report.crashed}"
        return owing.cannot(RULES, why, ran=ran, reproduce=ran, seconds=report.seconds)
    files = case.workspace.read()
    own = _configured(files)
    unexplained = [str(one) for one in suppressions(files) if one.kind == "types" and not one.explained]
    receipts: list[Receipt] = []
    again = f"mypy --config-file {option_of(report.command, '--config-file')} ."
    for rule in RULES:
        findings = [finding for finding in report.findings if rule_of(finding) == rule]
        extra = [*_contradictions(rule, own), *(unexplained if rule == "MYP-STRICT" else ())]
        receipts += owing.judge(
            rule,
            [*map(str, findings), *extra],
            ran=ran,
            found="nothing found",
            reproduce=again if findings else shown(extra, _OWN),
            places=[f"{finding.file}:{finding.line}" for finding in findings],
            seconds=report.seconds,
        )
    return Found(tuple(receipts))


def rule_of(finding: Finding) -> str:
    """The rule that a finding of mypy counts for."""
    match finding.code:
        case "no-any-return":
            return "MYP-RETURN-ANY"
        case "syntax":
            return "MYP-VERSION"
        case _:
            return "MYP-STRICT"


def _contradictions(rule: str, own: Mapping[str, Any]) -> list[str]:
    """Where the repository's own configuration says the opposite of the rule."""
    setting, wanted = {
        "MYP-VERSION": ("python_version", "3.12"),
        "MYP-STRICT": ("strict", "true"),
        "MYP-RETURN-ANY": ("warn_return_any", "true"),
    }[rule]
    said = own.get(setting)
    if said is None or str(said).lower() == wanted:
        return []
    return [f"the repository's mypy configuration says {setting} = {said}; write {wanted}"]


def _configured(files: Mapping[str, str]) -> Mapping[str, Any]:
    for name in ("mypy.ini", ".mypy.ini"):
        if name in files:
            parser = configparser.ConfigParser()
            try:
                parser.read_string(files[name])
            except configparser.Error:
                return {}
            return dict(parser["mypy"]) if parser.has_section("mypy") else {}
    return dict(toml(files.get("pyproject.toml", "")).get("tool", {}).get("mypy", {}))
