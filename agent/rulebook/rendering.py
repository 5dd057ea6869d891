"""The rulebook as text for a terminal."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from textwrap import wrap

from agent.errors import InputError
from agent.rulebook.model import Gate, Proof, Rule, Rulebook, StackName, SubjectKind

_PROOFS: Mapping[Proof, str] = {
    Proof.STATIC: "reading the code",
    Proof.DYNAMIC: "asking the running service",
    Proof.TESTS: "the service's own tests",
    Proof.PROMPT: "nothing: it is told to the developer only",
}
_SUBJECTS: Mapping[SubjectKind, str] = {
    SubjectKind.OPERATION: "operation",
    SubjectKind.TABLE: "table",
    SubjectKind.TREE: "files",
    SubjectKind.SERVICE: "service",
}
_CHECK = "→ "
_WIDTH = 100


def rule_list(rulebook: Rulebook, checks: Mapping[str, str], stack: StackName | None = None) -> str:
    """All rules by gate, each with the check that settles it; those without one are marked. `checks`: by rule id."""
    rules = rulebook.for_stack(stack) if stack else tuple(rulebook.rules.values())
    lines = [f"{len(rules)} rules, {sum(rule.id in checks for rule in rules)} of them checked (* not checked yet)."]
    for gate in Gate:
        if members := [rule for rule in rules if rule.gate is gate]:
            lines += ["", gate.value]
            lines += [line for rule in members for line in _entry(rule, checks.get(rule.id))]
    return "\n".join(lines)


def one_rule(
    rulebook: Rulebook, name: str, checks: Mapping[str, str], looking: Mapping[str, Mapping[str, str]] | None = None
) -> str:
    """One rule with all that is known of it, and of its check. `looking`: by rule id, what its check costs and reads.

    Raises InputError, with the nearest id, when there is no such rule.
    """
    rule = rulebook.rules.get(name.upper())
    if rule is None:
        close = get_close_matches(name.upper(), rulebook.rules, n=1, cutoff=0.5)
        hint = f"did you mean {close[0]}?" if close else "`agent rules` lists them"
        raise InputError(f"there is no rule {name!r}; {hint}")
    facts = {
        "gate": rule.gate.value,
        "stacks": ", ".join(sorted(rule.stacks)),
        "applies to": _applies(rule),
        "proven by": ", ".join(_PROOFS[proof] for proof in rule.proofs),
        "how": rule.how,
        "settled by": checks.get(rule.id, "no check yet: reported as not checked, never counted as met"),
        **(looking or {}).get(rule.id, {}),
    }
    return "\n".join([rule.id, *wrap(rule.text, _WIDTH), "", *(f"{key:<11} {fact}" for key, fact in facts.items())])


def _entry(rule: Rule, check: str | None) -> list[str]:
    first = f"{' ' if check else '*'} {rule.id:<16} "
    indent = " " * len(first)
    lines = wrap(rule.text, _WIDTH, initial_indent=first, subsequent_indent=indent)
    return lines + (wrap(f"{_CHECK}{check}", _WIDTH, initial_indent=indent, subsequent_indent=indent) if check else [])


def _applies(rule: Rule) -> str:
    subject = _SUBJECTS[rule.subject]
    if rule.applies == "every":
        return f"each {subject}" if rule.subject in {SubjectKind.OPERATION, SubjectKind.TABLE} else f"the {subject}"
    kind = {
        "lists": "that answers a list",
        "mutating": "that changes something",
        "protected": "that needs credentials",
        "with input": "that takes input",
        "with token": "that needs a token which the API itself issues",
        "with any token": "that needs a token, whoever issued it",
        "refreshing": "that takes a refresh token",
        "with password": "that takes a password",
        "owned": "that concerns what belongs to one user",
    }[rule.applies]
    each = rule.subject is SubjectKind.OPERATION
    return f"each operation {kind}" if each else f"the {subject}, when it has an operation {kind}"
