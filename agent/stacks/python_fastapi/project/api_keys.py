"""Integration tests of callers who come with an API key, and what stands for one in the tests."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from agent.binding.callers import Keys, Proof
from agent.binding.model import Bound
from agent.stacks.python_fastapi.project.comparing import quoted, quoted_table
from agent.stacks.python_fastapi.project.rendering import render
from agent.stacks.python_fastapi.project.scenario import ask, unknown_path
from agent.stacks.python_fastapi.project.shape import Shape
from agent.stacks.python_fastapi.project.source import identifier, literal

_LONG_AGO = "datetime(2020, 1, 1, tzinfo=UTC)"


def api_keys_file(shape: Shape, keys: Keys) -> str:
    """The text of `tests/integration/test_api_keys.py`, for a service that takes keys somewhere."""
    table = quoted_table(keys.table) if keys.table else ""
    ended = [*((name, _LONG_AGO) for name in keys.ends), *((name, str(not on)) for name, on in keys.switches.items())]
    return render(
        "tests/test_api_keys.py.jinja",
        ways=list(_ways(shape)),
        ended=[(name, identifier(name), value) for name, value in ended],
        change={name: literal(f"UPDATE {table} SET {quoted(name)} = $1") for name, _ in ended},
    )


def key_fixtures(shape: Shape, keys: Keys | None) -> Mapping[str, Any] | None:
    """What the fixtures of callers with keys are made of; None where nobody comes with one."""
    if keys is None:
        return None
    places: dict[str, list[str]] = {"header": [], "query": [], "cookie": []}
    for name, proof in shape.binding.proofs.items():
        scheme = shape.contract.security_schemes[name]
        if proof is Proof.KEY:
            places[scheme.location].append(f"{literal(scheme.parameter)}: api_key")
    given = [f"{identifier(keys.hash_column)}=sha256(KEY.encode()).hexdigest()"] if keys.table else []
    given += [f"{identifier(name)}={on}" for name, on in keys.switches.items()]
    given += [f"{identifier(name)}=datetime(2099, 1, 1, tzinfo=UTC)" for name in keys.ends]
    owner = keys.owner_column and shape.accounts
    if owner:
        given.append(f"{identifier(keys.owner_column)}=user[{literal(owner.id_column)}]")
    return {
        "factory": f"make_{shape.row_name(keys.table)}" if keys.table else "",
        "given": ", ".join(given),
        "owned": bool(owner),
        "places": {place: "{" + ", ".join(sent) + "}" for place, sent in places.items() if sent},
        "moments": bool(keys.ends),
    }


def _ways(shape: Shape) -> Iterator[Mapping[str, str]]:
    """Every scheme with a key that is enough by itself somewhere, and a request that takes it."""
    for name, proof in shape.binding.proofs.items():
        taking = [one for one in shape.binding.operations if frozenset({name}) in one.operation.security]
        if proof is Proof.KEY and taking:
            bound = min(taking, key=_rank)
            scheme = shape.contract.security_schemes[name]
            yield {
                "name": f"as_{identifier(name)}",
                "place": scheme.location,
                "parameter": scheme.parameter,
                "request": ask(shape, bound, unknown_path(shape, bound)),
            }


def _rank(bound: Bound) -> tuple[bool, bool, bool]:
    return not bound.operation.protected, bound.operation.method != "get", bool(bound.path)
