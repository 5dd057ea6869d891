"""The binding in words."""

from __future__ import annotations

from collections.abc import Iterator

from agent.binding.model import Action, Binding, Bound, Field, Filter, PathColumn

_SIGNS = {"equal": "=", "at least": "≥", "at most": "≤", "above": ">", "below": "<", "contains": "~", "any of": "∈"}
_VERBS = {
    Action.LIST: "list",
    Action.RETRIEVE: "read one of",
    Action.CREATE: "add to",
    Action.REPLACE: "replace one of",
    Action.PATCH: "change one of",
    Action.DELETE: "remove one of",
    Action.REGISTER: "register in",
    Action.LOGIN: "log in against",
    Action.REFRESH: "refresh the session of",
    Action.LOGOUT: "log out of",
    Action.ME: "read the caller from",
}


def explain(binding: Binding) -> str:
    """One line for each operation: what it was derived to be, or why it was not."""
    return "\n".join(f"{bound.operation.key}: {explain_one(bound)}" for bound in binding.operations)


def explain_one(bound: Bound) -> str:
    """What the operation was derived to be, or why it was not."""
    if bound.action is None:
        return f"not derived: {bound.reason}"
    return "; ".join((f"{_VERBS[bound.action]} {bound.table}", *_details(bound)))


def _details(bound: Bound) -> Iterator[str]:
    yield from (_step(step) for step in bound.path)
    if bound.owner:
        yield f"{bound.owner} is the caller"
    for guard in bound.guards:
        yield f"{guard.here} refers to one of the caller's {guard.table} ({guard.owner})"
    if bound.body:
        yield f"takes {_fields(bound.body)}"
    if bound.mark and bound.action is Action.DELETE:
        yield f"marks the row in {', '.join(bound.mark.columns)}"
    if bound.presented:
        yield f"takes the refresh token in {bound.presented}"
    if bound.filled:
        yield "sets " + ", ".join(f"{column} ({fill})" for column, fill in bound.filled.items())
    if bound.tokens:
        yield "gives " + ", ".join(f"{'.'.join(path)} ({part})" for path, part in bound.tokens.items())
    if bound.answer:
        where = f" in {'.'.join(bound.envelope.data)}" if bound.envelope.data else ""
        yield f"answers {_fields(bound.answer)}{where}"
    if bound.envelope.meta:
        yield "with " + ", ".join(f"{'.'.join(path)} ({meta})" for path, meta in bound.envelope.meta.items())
    if bound.envelope.total_header:
        yield f"with {bound.envelope.total_header} (total)"
    if bound.left_out:
        yield f"leaves out {', '.join(bound.left_out)}"
    yield from _listing(bound)


def _listing(bound: Bound) -> Iterator[str]:
    if bound.filters:
        yield f"narrowed by {', '.join(_filter(one) for one in bound.filters)}"
    if bound.sorting:
        default = f", at first {','.join(bound.sorting.default)}" if bound.sorting.default else ""
        yield f"sorted by {', '.join(bound.sorting.columns)} ({bound.sorting.parameter}{default})"
    if bound.paging and bound.paging.cursor:
        back = f" or before {bound.paging.back.parameter}" if bound.paging.back else ""
        yield f"in the order of keys, behind {bound.paging.cursor.parameter}{back}"
    if bound.paging and bound.paging.style == "none":
        yield f"at most {bound.paging.maximum} rows"
    elif bound.paging:
        page = bound.paging
        limit = page.limit_parameter or "no limit"
        yield f"cut by {page.page_parameter}, {limit} ({page.default}, at most {page.maximum})"


def _step(step: PathColumn) -> str:
    place = f"{step.parameter} = {step.table}.{step.column}"
    below = f" (above, through {step.joint})" if step.joint else ""
    return f"{place}{below}, which is the caller's ({step.owner})" if step.owner else f"{place}{below}"


def _filter(one: Filter) -> str:
    between = f" as {one.conversion}" if one.conversion else ""
    return f"{one.parameter} {_SIGNS[one.comparison]} {'|'.join(one.columns)}{between}"


def _fields(fields: tuple[Field, ...]) -> str:
    return ", ".join(_field(one) for one in fields)


def _field(one: Field) -> str:
    if one.embedded:
        inside = f"{one.embedded.table}: {_fields(one.embedded.fields)}"
        return f"{one.property}[{inside}]" if one.embedded.many else f"{one.property}({inside})"
    notes = ["hashed"] if one.secret else []
    notes += [f"as {one.conversion}"] if one.conversion else []
    notes += ["absent when null"] if one.absent_when_null else []
    column = f"{one.property}={one.column}" if one.column != one.property else one.property
    return f"{column} {' '.join(f'<{note}>' for note in notes)}" if notes else column
