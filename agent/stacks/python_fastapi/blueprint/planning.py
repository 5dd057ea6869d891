"""From contract, catalog and binding to everything that the templates write."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from agent.binding.callers import Accounts, Keys, Proof
from agent.binding.model import Action, Binding, Bound, Mark
from agent.catalog.model import Catalog, Table
from agent.contract.model import Contract, Operation, Parameter
from agent.stacks.python_fastapi.blueprint.annotations import Annotations, Typed, path_name
from agent.stacks.python_fastapi.blueprint.answers import Mappers, Underivable
from agent.stacks.python_fastapi.blueprint.columns import python_type
from agent.stacks.python_fastapi.blueprint.credentials import Credentials
from agent.stacks.python_fastapi.blueprint.deriving import key_condition
from agent.stacks.python_fastapi.blueprint.naming import Names, class_stem, function_name, snake
from agent.stacks.python_fastapi.blueprint.operations import PlannedBody, PlannedOperation
from agent.stacks.python_fastapi.blueprint.repositories import Method, Repository
from agent.stacks.python_fastapi.blueprint.responses import Responses
from agent.stacks.python_fastapi.blueprint.rows import Reading
from agent.stacks.python_fastapi.blueprint.schemas import (
    FORMS,
    SchemaModule,
    body_media,
    body_name,
    body_schema,
    class_reference,
    generate_schemas,
)
from agent.stacks.python_fastapi.blueprint.steps import derived_steps
from agent.stacks.python_fastapi.blueprint.text import literal

_WITHOUT_BODY = frozenset({Action.LIST, Action.RETRIEVE, Action.DELETE, Action.ME})
"""What is derived only where a body, if there may be one, carries nothing."""
_TAKEN = ("service", "caller", "body", "request", "response", "self", "url")


@dataclass
class Resource:
    """One module of routes and one of services."""

    name: str
    """snake_case; names the modules."""
    stem: str
    mappers: Mappers
    operations: list[PlannedOperation] = field(default_factory=list)
    repositories: dict[str, Repository] = field(default_factory=dict)
    """By attribute."""
    uses_tokens: bool = False

    @property
    def holes(self) -> tuple[PlannedOperation, ...]:
        """The operations that somebody has to write."""
        return tuple(one for one in self.operations if one.steps is None)


@dataclass
class Plan:
    """The whole service."""

    contract: Contract
    catalog: Catalog
    binding: Binding
    title: str

    def __post_init__(self) -> None:
        self.schemas: SchemaModule = generate_schemas(self.contract)
        self.annotations = Annotations(self.contract, self.schemas)
        self.responses = Responses(self.contract, self.schemas)
        scopes = {one.operation.key: one.scopes for one in self.binding.operations}
        self.credentials = Credentials(self.contract, self.binding.proofs, self.binding.nameless_keys, scopes)
        self.readings: dict[str, Reading] = {}
        self.repositories: dict[str, Repository] = {}
        self.resources: dict[str, Resource] = {}
        self._modules, self._stems, self._services = Names("statements"), Names(), Names()
        self._functions: dict[str, Names] = {}
        for bound in self.binding.operations:
            self._plan(bound)
        if self.users is not None:
            self.users.add(Method("credentials", "find_credentials"))
        if self.keys is not None and self.keys.table:
            self._repository(self.keys.table).add(Method("holder", "find_holder"))
        for resource in self.resources.values():
            resource.operations = _visible(resource.operations, lambda one: [one.path])

    @cached_property
    def caller_id(self) -> Typed:
        """The type of the caller's id."""
        accounts = self.binding.accounts
        column = self.table(accounts.table).column(accounts.id_column) if accounts else None
        return python_type(column, "", nullable=False) if column else Typed("str")

    @property
    def accounts(self) -> Accounts | None:
        """Where callers come from."""
        return self.binding.accounts

    @property
    def authenticates(self) -> bool:
        """Whether anything deals with callers or tokens."""
        return self.accounts is not None or bool(self.credentials.dependencies)

    @property
    def tokens(self) -> bool:
        """Whether the service issues or reads tokens."""
        issues = any(resource.uses_tokens for resource in self.resources.values())
        known = self.accounts is not None and Proof.TOKEN in self.binding.proofs.values()
        return issues or known or self.credentials.uses(Proof.TOKEN)

    @cached_property
    def users(self) -> Repository | None:
        """Where callers are looked up who send their password; None where nobody does."""
        accounts = self.accounts
        if accounts is None or not self.credentials.uses(Proof.PASSWORD):
            return None
        repository = self._repository(accounts.table)
        repository.login = (accounts.id_column, accounts.login_column, accounts.password_column)
        return repository

    @property
    def keys(self) -> Keys | None:
        """Where API keys are known from; None where no operation takes one."""
        return self.binding.keys if self.credentials.uses(Proof.KEY) else None

    @cached_property
    def key_holder(self) -> Typed:
        """The type of what a row of the keys' table says about its key: whose it is, else which."""
        keys = self.keys
        column = self.table(keys.table).column(keys.owner_column or keys.id_column) if keys and keys.table else None
        return python_type(column, "", nullable=False) if column else Typed("str")

    @property
    def key_repository(self) -> Repository | None:
        """Where API keys are looked up; None where a setting lists them, or nobody has one."""
        return self.repositories.get(self.keys.table) if self.keys is not None and self.keys.table else None

    @property
    def ordered_resources(self) -> list[Resource]:
        """The resources in the order in which their routers are asked."""
        return _visible(list(self.resources.values()), lambda one: [operation.path for operation in one.operations])

    @property
    def operations(self) -> list[PlannedOperation]:
        """All operations, resource by resource."""
        return [one for resource in self.resources.values() for one in resource.operations]

    def table(self, name: str) -> Table:
        """The table of that name."""
        table = self.catalog.table(name)
        if table is None:
            raise Underivable(f"there is no table `{name}`")
        return table

    def reading(self, table: str) -> Reading:
        """What is read of the table."""
        if table not in self.readings:
            self.readings[table] = Reading(self.catalog, self.table(table))
        return self.readings[table]

    def mark(self, table: str) -> Mark | None:
        """How removed rows of the table are marked; None where they are deleted."""
        return self.binding.marks.get(table)

    def repository(self, resource: Resource, key: str, *, table: bool = True) -> Repository:
        """The repository of a table, or of a resource without one, known to the resource's service."""
        repository = self._repository(key, table=table)
        resource.repositories.setdefault(repository.attribute, repository)
        return repository

    def _repository(self, key: str, *, table: bool = True) -> Repository:
        if key not in self.repositories:
            name = snake(key.replace(".", "_"), fallback="rows")
            self.repositories[key] = Repository(
                key=key,
                module=self._modules.take(name),
                stem=self._stems.take(class_stem(key.replace(".", "_"))),
                attribute=name,
                reading=self.reading(key) if table else None,
                mark=self.mark(key) if table else None,
            )
        return self.repositories[key]

    def _resource(self, name: str) -> Resource:
        key = snake(name, fallback="operations")
        if key not in self.resources:
            self.resources[key] = Resource(key, self._services.take(class_stem(key)), Mappers(self.reading, Names()))
            self._functions[key] = Names("router")
        return self.resources[key]

    def _plan(self, bound: Bound) -> None:
        resource = self._resource(bound.resource or bound.table or "operations")
        operation = self.contract.operation(bound.operation.key)
        names = Names(*_TAKEN)
        parameters = tuple(self.annotations.parameter(one, names) for one in _ordered(operation))
        scheme = self.credentials.dependency(operation)
        body = None if bound.action in _WITHOUT_BODY else self._body(operation)
        planned = PlannedOperation(
            bound=bound,
            name=self._functions[resource.name].take(function_name(operation.id)),
            path=_route_path(operation),
            parameters=parameters,
            body=body,
            answer=self.responses.main(operation),
            responses=self.responses.others(operation),
            caller=scheme,
            optional_caller=bool(scheme) and (not operation.protected or self.credentials.nameless(operation)),
            steps=None,
            extra=self._extra(operation, reads=body is not None),
        )
        self._fill(resource, planned)
        resource.operations.append(planned)

    def _fill(self, resource: Resource, planned: PlannedOperation) -> None:
        every = frozenset(one.name for one in planned.parameters) | {"caller", "body"}
        if planned.bound.action is None:
            planned.reason, planned.used = planned.bound.reason, every
            self._for_hole(resource, planned.bound)
            return
        try:
            planned.steps, planned.used = derived_steps(self, resource, planned)
            planned.used |= {"body"} if planned.body and planned.body.type != "bytes" else frozenset()
        except Underivable as problem:
            planned.steps, planned.reason, planned.used = None, str(problem), every
            self._for_hole(resource, planned.bound)

    def _for_hole(self, resource: Resource, bound: Bound) -> None:
        """A hole gets a repository to add methods to, and that of its table or of the table of its resource."""
        name = bound.table or next((one.name for one in self.catalog.tables if snake(one.name) == resource.name), "")
        if name and self.catalog.table(name):
            repository = self.repository(resource, name)
            key = repository.reading.table.primary_key if repository.reading else ()
            if key and len(key) == 1:
                repository.keyed("find", (key_condition(self, name, key[0]),))
        elif not resource.repositories:
            self.repository(resource, resource.name, table=False)

    def _body(self, operation: Operation) -> PlannedBody | None:
        body = operation.body
        if body is None:
            return None
        schema = body_schema(operation)
        if schema is None:
            return PlannedBody("bytes", "", body.required)
        name = class_reference(self.contract, schema) or body_name(operation)
        made = self.schemas.classes.get(self.schemas.sent.get(name, name))
        if made is None:
            return PlannedBody("bytes", "", body.required)
        form = next((media for media in body.content if media in FORMS), None) if body.json is None else None
        kinds = self.contract.resolve(schema).get("type")
        nullable = isinstance(kinds, list | tuple) and "null" in kinds
        return PlannedBody(made, _marker(form, body.json_media), body.required or form is not None, nullable)

    def _extra(self, operation: Operation, *, reads: bool) -> str:
        """What the route's types do not say of the body: media types that it does not read."""
        body = operation.body
        if body is None:
            return ""
        read = body_media(body) if reads else None
        others = {
            media: {"schema": self.responses.spelt(schema, sent=True)}
            for media, schema in body.content.items()
            if media != read
        }
        said: dict[str, Any] = {"content": others} if others else {}
        if read is None and body.required:
            said["required"] = True
        if read in FORMS and not body.required:
            said["required"] = False
        return repr({"requestBody": said}) if said else ""


def _marker(form: str | None, media: str | None) -> str:
    if form is not None:
        return "Form()" if form == FORMS[0] else f'Form(media_type="{form}")'
    plain = (media or "").partition(";")[0].strip()
    return "" if plain == "application/json" else f"Body(media_type={literal(plain)})"


def _ordered(operation: Operation) -> list[Parameter]:
    """Path parameters as the path has them, required ones before the others."""
    return sorted(operation.parameters, key=lambda one: (one.location != "path", not one.required))


def _route_path(operation: Operation) -> str:
    path = operation.path
    for one in operation.parameters:
        if one.location == "path":
            path = path.replace("{" + one.name + "}", "{" + path_name(one.name) + "}")
    return path


def _hides(pattern: str, path: str) -> bool:
    """Whether a router that meets the pattern first would never get as far as the path."""
    pairs = list(zip(pattern.split("/"), path.split("/"), strict=False))
    fits = pattern.count("/") == path.count("/") and all(mine == other or "{" in mine for mine, other in pairs)
    return fits and any("{" in mine and "{" not in other for mine, other in pairs)


def _visible[Item](items: Sequence[Item], paths: Callable[[Item], Sequence[str]]) -> list[Item]:
    """The items in their order, but none behind one that hides it, where that is possible."""
    waiting, ordered = list(items), list[Item]()
    while waiting:
        free = (
            one
            for one in waiting
            if not any(
                _hides(mine, theirs)
                for other in waiting
                if other is not one
                for mine in paths(one)
                for theirs in paths(other)
            )
        )
        chosen = next(free, waiting[0])
        waiting.remove(chosen)
        ordered.append(chosen)
    return ordered
