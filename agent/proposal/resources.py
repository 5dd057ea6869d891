"""Which things an API keeps: the collections of its paths, and what bodies and answers say about them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from agent.binding.callers import Proof
from agent.binding.envelopes import list_in, wrapped
from agent.binding.fields import is_password
from agent.binding.inputs import USER_WORDS, Inputs, read_together, success_shape
from agent.binding.model import Action
from agent.binding.namespaces import parts_of
from agent.binding.paths import ME_WORDS, Step, literal_words, steps_of
from agent.binding.proofs import proofs_of
from agent.binding.reasons import Undecided
from agent.binding.sessions import LOGIN_WORDS, is_token, sent_shape, session_action
from agent.binding.shapes import Shape
from agent.binding.words import plural, singular, snake
from agent.binding.wrapping import unwrapped
from agent.catalog.model import Catalog, Table
from agent.contract.model import Contract, Operation
from agent.proposal.model import Resource

_OWN = re.compile(r"\b(own|my|mine|caller'?s?|current user'?s?)\b", re.IGNORECASE)
_OF_PEOPLE = (Proof.TOKEN, Proof.PASSWORD)
_PEOPLE = "users"
_SURELY = frozenset({"user", "account"})
_NOTHING = Catalog(tables=(), enums=(), statements=(), fingerprint="", drops=())


def inputs_of(contract: Contract) -> Inputs:
    """The contract as the binding reads it, with no schema at all; bodies within a property are looked through."""
    parts = {part for operation in contract.operations for part in parts_of(operation.path) if "{" not in part}
    things = tuple(Table(name, (), ()) for name in sorted({plural(part) for part in parts} - {""}))
    named = read_together(contract, replace(_NOTHING, tables=things))
    bare = tuple(unwrapped(named, operation) for operation in contract.operations)
    return read_together(replace(contract, operations=bare), _NOTHING)


def resources_of(contract: Contract) -> dict[str, Resource]:
    """Name → resource, in the order of the contract, with those who log in where anybody does."""
    inputs = inputs_of(contract)
    routes = dict(_routes(inputs))
    kept = {path for path, (operations, steps) in routes.items() if _is_kept(inputs, operations, steps)}
    items = {step.literal for path in kept for step in routes[path][1] if step.parameter}
    found: dict[str, Resource] = {}
    for path, (operations, steps) in routes.items():
        names = [_name(step) for step in steps]
        if path in kept or (steps[-1].literal in items and not steps[-1].parameter):
            for number in range(len(steps) - 1):
                _below(found, names, number)
            resource = _below(found, names, len(steps) - 1)
            for operation in operations:
                _read(inputs, resource, operation, steps)
    _add_people(inputs, found)
    return found


def _routes(inputs: Inputs) -> Iterator[tuple[str, tuple[list[Operation], tuple[Step, ...]]]]:
    """Path → its operations on rows, and its steps; only paths whose every part but the last selects one item."""
    paths: dict[str, list[Operation]] = {}
    for operation in inputs.contract.operations:
        paths.setdefault(operation.path, []).append(operation)
    for path, operations in paths.items():
        try:
            steps = steps_of(inputs, operations[0])
        except Undecided:
            continue
        mine = literal_words(steps[0]) in ME_WORDS and steps[0].parameter is None
        rest = steps[1:] if mine else steps
        rows = [one for one in operations if _session(inputs, one) is None]
        if rest and rows and all(step.parameter for step in rest[:-1]) and all(_name(step) for step in rest):
            yield path, (rows, rest)


def _is_kept(inputs: Inputs, operations: list[Operation], steps: tuple[Step, ...]) -> bool:
    """True for an item that can be read, changed or removed, and for a collection that is listed or added to."""
    if steps[-1].parameter:
        return any(one.method in ("get", "put", "patch", "delete") for one in operations)
    if len(steps) == 1 and literal_words(steps[0]) in ME_WORDS:
        return False
    listed = any(_listed(inputs, one, _stub(steps[-1])) is not None for one in operations if one.method == "get")
    return listed or any(_adds(inputs, one, steps[-1]) for one in operations)


def _adds(inputs: Inputs, operation: Operation, last: Step) -> bool:
    """True for a POST that makes one of several: its path names many, it takes an object, and 201 says it is there."""
    sent, success = sent_shape(inputs, operation), operation.success
    many = singular(last.literal) != snake(last.literal)
    made = success is not None and success.status == "201"
    return operation.method == "post" and many and made and sent is not None and sent.is_object


def _below(found: dict[str, Resource], names: list[str], number: int) -> Resource:
    resource = found.setdefault(names[number], Resource(names[number]))
    if number and names[number - 1] not in (*resource.parents, resource.name):
        resource.parents.append(names[number - 1])
    return resource


def _read(inputs: Inputs, resource: Resource, operation: Operation, steps: tuple[Step, ...]) -> None:
    """What one operation tells about its resource."""
    last, stub = steps[-1], _stub(steps[-1])
    resource.paths.append(operation.path)
    resource.personal |= bool(_OWN.search(f"{operation.summary} {operation.description}"))
    resource.personal |= operation.path.split("/")[1:2] == ["me"]
    if last.parameter:
        resource.item += [one for one in operation.parameters if one.name == last.parameter and one.location == "path"]
    said, sent = success_shape(inputs, operation), sent_shape(inputs, operation)
    listed = _listed(inputs, operation, stub) if operation.method == "get" and not last.parameter else None
    if listed is not None:
        resource.answers.append(listed)
        resource.narrowed += [one.name for one in operation.parameters if one.location == "query"]
    elif said is not None and said.is_object and operation.method != "delete":
        name = wrapped(inputs, stub, said)
        resource.answers.append(inputs.shape(said.properties[name]) if name else said)
    if sent is None or not sent.is_object:
        return
    if operation.method == "post" and not last.parameter:
        resource.creates.append(sent)
        resource.protected &= operation.protected
        resource.above.append(frozenset(_name(step) for step in steps[:-1]))
    elif operation.method in ("put", "patch") and last.parameter:
        resource.changes.append(sent)


def _listed(inputs: Inputs, operation: Operation, stub: Table) -> Shape | None:
    """The shape of one row of the list that the operation answers, None when it answers none."""
    said = success_shape(inputs, operation)
    try:
        rows = list_in(inputs, stub, said, ())[1] if said else None
    except Undecided:
        return None
    item = inputs.shape(rows.items or {}) if rows else None
    return item if item is not None and item.is_object else None


def _add_people(inputs: Inputs, found: dict[str, Resource]) -> None:
    """Those who log in: the resource that is named after people, else one that the sessions tell of."""
    sessions = [(one, action) for one in inputs.contract.operations if (action := _session(inputs, one))]
    proofs = proofs_of(inputs.contract)
    asked = any(
        one.protected and any(proofs.get(name) in _OF_PEOPLE for names in one.security for name in names)
        for one in inputs.contract.operations
    )
    if not sessions and not asked:
        return
    registers = any(action is Action.REGISTER for _, action in sessions)
    named = [name for name in found if singular(name) in USER_WORDS]
    sure = [name for name in named if not registers or singular(name) in _SURELY or _with_password(found[name])]
    name = next(iter(sure), _PEOPLE)
    people = found.setdefault(name, Resource(name))
    people.people = True
    for operation, action in sessions:
        people.paths.append(operation.path)
        sent, said = sent_shape(inputs, operation), success_shape(inputs, operation)
        if action is Action.LOGIN and sent:
            people.logins += [one for one in sent.properties if snake(one) in LOGIN_WORDS]
        if action is Action.REGISTER and sent:
            people.creates.append(sent)
            people.above.append(frozenset())
        if action in (Action.REGISTER, Action.ME) and said and said.is_object:
            inner = wrapped(inputs, Table(name, (), ()), said)
            people.answers.append(inputs.shape(said.properties[inner]) if inner else said)
    people.answers[:] = map(_without_tokens, people.answers)
    people.changes += [sent for one in inputs.contract.operations if (sent := _change_of_caller(inputs, one, name))]


def _change_of_caller(inputs: Inputs, operation: Operation, people: str) -> Shape | None:
    """What callers may change of themselves by this operation: `PATCH /me`, `PUT /user`."""
    try:
        last = steps_of(inputs, operation)[-1]
    except Undecided:
        return None
    own = last.parameter is None and literal_words(last) in ME_WORDS | {singular(people)}
    sent = sent_shape(inputs, operation) if own and operation.method in ("put", "patch") else None
    return sent if sent is not None and sent.is_object else None


def _without_tokens(said: Shape) -> Shape:
    """What is kept of somebody: a token that a login answers beside it is made anew each time."""
    kept = {name: schema for name, schema in said.properties.items() if not is_token(name)}
    return replace(said, properties=kept, required=said.required & set(kept))


def _with_password(resource: Resource) -> bool:
    return any(is_password(name) for body in resource.creates for name in body.properties)


def _session(inputs: Inputs, operation: Operation) -> Action | None:
    try:
        return session_action(inputs, operation)
    except Undecided:
        return None


def _name(step: Step) -> str:
    return plural(step.literal)


def _stub(step: Step) -> Table:
    return Table(_name(step), (), ())
