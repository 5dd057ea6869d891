"""Obligations: what this delivery owes, as rules applied to subjects."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from agent.catalog.model import Catalog
from agent.contract.credentials import (
    bears_token,
    issues_token,
    needs_token,
    takes_password,
    takes_refresh_token,
)
from agent.contract.model import Contract, Operation, Schema
from agent.rulebook.model import Applies, Rule, Rulebook, StackName, SubjectKind

_MUTATING = frozenset({"post", "put", "patch", "delete"})


@dataclass(frozen=True, slots=True, order=True)
class Obligation:
    """One rule applied to one subject."""

    rule: str
    subject: str
    """`GET /books`, `books`, `files` or `service`."""

    @property
    def id(self) -> str:
        """How reports name it: `CON-PARITY:GET /books`."""
        return f"{self.rule}:{self.subject}"


def owed(
    rulebook: Rulebook,
    stack: StackName,
    contract: Contract,
    catalog: Catalog,
    *,
    owned: Collection[str] = frozenset(),
) -> tuple[Obligation, ...]:
    """Everything a delivery of this contract and schema on this stack owes, in the rulebook's order.

    `owned` are the keys of the operations that concern what belongs to one user; contract and schema alone do not tell.
    """
    return tuple(
        Obligation(rule.id, subject)
        for rule in rulebook.for_stack(stack)
        for subject in _subjects(rule, contract, catalog, owned)
    )


def _subjects(rule: Rule, contract: Contract, catalog: Catalog, owned: Collection[str]) -> tuple[str, ...]:
    if rule.applies == "owned":
        operations = tuple(one.key for one in contract.operations if one.key in owned)
    else:
        operations = tuple(one.key for one in contract.operations if _applies(rule.applies, one, contract))
    match rule.subject:
        case SubjectKind.OPERATION:
            return operations
        case SubjectKind.TABLE:
            return tuple(table.name for table in catalog.tables)
        case SubjectKind.TREE:
            return ("files",)
        case SubjectKind.SERVICE:
            return ("service",) if operations or rule.applies == "every" else ()


def _applies(applies: Applies, operation: Operation, contract: Contract) -> bool:
    match applies:
        case "every":
            return True
        case "lists":
            return is_list(operation, contract)
        case "mutating":
            return operation.method in _MUTATING
        case "protected":
            return operation.protected
        case "with input":
            return operation.body is not None or bool(operation.parameters)
        case "with token":
            return needs_token(operation, contract) and any(issues_token(one, contract) for one in contract.operations)
        case "with any token":
            return bears_token(operation, contract) or _applies("with token", operation, contract)
        case "refreshing":
            return takes_refresh_token(operation, contract)
        case "with password":
            return takes_password(operation, contract)
        case "owned":
            return False  # known from the binding alone


_ENVELOPE = re.compile(
    r"collection|contents?|data|edges|elements|entries|hits|items|list|nodes|objects|page|payload|records|resources"
    r"|response|results?|rows|values"
)
_BESIDE_A_LIST = re.compile(
    r"(code|count|current|cursor|elements|error|first|has|info|items|last|limit|links|message|meta|metadata|more|next"
    r"|number|of|offset|ok|pages?|pagination|paging|per|prev|previous|size|skip|sort|status|success|take|token|total)+"
)
"""Property names made of nothing but these words tell about a list and are not part of a thing."""


def is_list(operation: Operation, contract: Contract) -> bool:
    """True for a GET whose success answer is an array, or an object that wraps one in an envelope."""
    schema = operation.success.json if operation.method == "get" and operation.success else None
    if schema is None:
        return False
    last = operation.path.rstrip("/").rpartition("/")[2]
    return _is_array(schema, contract) or (not last.endswith("}") and _wraps_list(schema, contract, _plain(last)))


def _wraps_list(schema: Schema, contract: Contract, collection: str, depth: int = 0) -> bool:
    properties = {_plain(name): value for name, value in _properties(schema, contract).items()}
    for name, value in properties.items():
        others = properties.keys() - {name}
        if _is_array(value, contract):
            if name == collection or _ENVELOPE.fullmatch(name) or all(map(_BESIDE_A_LIST.fullmatch, others)):
                return True
        elif depth < 2 and _ENVELOPE.fullmatch(name) and _wraps_list(value, contract, collection, depth + 1):
            return True
    return False


def _is_array(schema: Schema, contract: Contract) -> bool:
    kind = contract.resolve(schema).get("type")
    return kind == "array" or (isinstance(kind, list) and "array" in kind)


def _properties(schema: Schema, contract: Contract) -> Mapping[str, Schema]:
    """The properties of an object schema and of all that it is composed of; those that say nothing are left out."""
    found: dict[str, Schema] = {}
    parts, seen = [schema], set[str]()
    while parts:
        part = parts.pop()
        if (reference := str(part.get("$ref", ""))) in seen:
            continue
        seen |= {reference} if reference else set()
        resolved = contract.resolve(part)
        found |= {name: value for name, value in resolved.get("properties", {}).items() if isinstance(value, Mapping)}
        parts += [one for one in resolved.get("allOf", ()) if isinstance(one, Mapping)]
    return found


def _plain(name: str) -> str:
    """`total_count`, `totalCount` and `total-count` are one word here."""
    return "".join(letter for letter in name.casefold() if letter.isalnum())
