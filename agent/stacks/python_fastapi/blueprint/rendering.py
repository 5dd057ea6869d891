"""The plan through the templates."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from agent.binding.callers import Keys, Proof
from agent.binding.model import Bound
from agent.contract.model import Contract
from agent.stacks.python_fastapi.blueprint.columns import quoted
from agent.stacks.python_fastapi.blueprint.counting import COUNTED, kept_keywords
from agent.stacks.python_fastapi.blueprint.failures import FailureShape, failure_shapes
from agent.stacks.python_fastapi.blueprint.importable import OF_REPOSITORY, OF_ROUTE, OF_SERVICE
from agent.stacks.python_fastapi.blueprint.planning import Plan, Resource
from agent.stacks.python_fastapi.blueprint.repositories import Repository
from agent.stacks.python_fastapi.blueprint.rows import RowField
from agent.stacks.python_fastapi.blueprint.sql_text import block_text, sql, statement
from agent.stacks.python_fastapi.blueprint.text import docstring, literal, one_line
from agent.stacks.templates import source_templates

_TEMPLATES = Path(__file__).parent.parent / "templates" / "src"
_STRICT = {"from datetime import date": "from src.schemas.formats import date"}
"""What a route reads is not read yet: its types are those that refuse what the contract does."""
_CORE = (
    "config",
    "database",
    "exceptions",
    "limits",
    "logging",
    "metrics",
    "middleware",
    "overload",
    "redis",
    "tracing",
)
"""Modules of `src/core` that every service has."""


_GIVING_NO_ROWS = ("credentials", "delete", "exists", "holder")


class Renderer:
    """Writes every file of a plan."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._environment = source_templates(_TEMPLATES)
        self._environment.globals.update(sql=sql, statement=statement, documented=docstring, literal=literal)
        self._resources = plan.ordered_resources
        self._holes = any(resource.holes for resource in self._resources)
        self._rotates = plan.binding.rotates
        self._repeats = any(one.happens_once for one in plan.operations)
        self._caches = any(operation.kept for resource in self._resources for operation in resource.operations)

    def files(self) -> Iterator[tuple[str, str]]:
        """Path and unformatted source of every file."""
        yield "src/schemas/api.py", self._plan.schemas.text
        services = dict(self._services())
        yield from services.items()
        repositories = dict(self._repositories())
        yield from repositories.items()
        yield from self._core("\n".join(services.values()))
        yield from self._helpers("\n".join(services.values()), "\n".join(repositories.values()))
        yield from self._api()

    def _core(self, services: str) -> Iterator[tuple[str, str]]:
        plan = self._plan
        common = {
            "authenticates": plan.authenticates,
            "caches": self._caches,
            "holes": self._holes,
            "repeats": self._repeats,
            "rotates": self._rotates,
            "tokens": plan.tokens,
            "users": plan.users,
            "listed_keys": plan.keys is not None and not plan.keys.table,
        }
        identity = {"UUID": 'UUID(claims["sub"])', "int": 'int(claims["sub"])'}
        yield self._file(
            "main.py",
            module_docstring=docstring(_sentence(plan.title or plan.contract.title), indent=0),
            title=literal(one_line(plan.contract.title)),
            version=literal(one_line(plan.contract.version)),
            **common,
        )
        for name in _CORE:
            yield self._file(f"core/{name}.py", **common)
        if plan.authenticates:
            yield self._file(
                "core/security.py",
                caller_id=plan.caller_id.text,
                caller_id_of=identity.get(plan.caller_id.text, 'str(claims["sub"])'),
                scoped=bool(plan.binding.scopes),
                passwords="hash_password" in services or "verify_password" in services or plan.users is not None,
                **common,
            )
        if plan.keys is not None and not plan.keys.table:
            yield self._file("core/keys.py")
        if self._rotates:
            yield self._file("core/sessions.py")
        if self._repeats:
            yield self._file("core/idempotency.py")

    def _helpers(self, services: str, repositories: str) -> Iterator[tuple[str, str]]:
        used = {name: f"{name}(" in services for name in ("given", "omit_null", "jsonable")}
        if any(used.values()):
            yield self._file("schemas/presence.py", uses=used)
        if "whole(" in services:
            yield self._file("schemas/whole.py")
        typed = self._plan.schemas.text + services.replace("import AwareDatetime", "").replace("import EmailStr", "")
        formats = {name: name in typed for name in ("AwareDatetime", "EmailStr")}
        formats["date"] = re.search(r"[:\[|] ?date\b", typed) is not None
        formats["UUID"] = bool(re.search(r"\bUUID\b", self._plan.schemas.text))
        if any(formats.values()):
            yield self._file("schemas/formats.py", uses=formats)
        sent = "".join(one.annotation for operation in self._plan.operations for one in operation.parameters)
        for name, call in (("spelling", "Spelt("), ("distinct", "(distinct)")):
            if call in self._plan.schemas.text or call in sent:
                yield self._file(f"schemas/{name}.py")
        if COUNTED in self._plan.schemas.text:
            kept = kept_keywords(self._plan.schemas.text)
            yield self._file("schemas/counting.py", counts=bool(kept - {"anyOf"}), needs="anyOf" in kept)
        if "grouped(" in services:
            yield self._file("services/grouping.py")
        if "=signed(" in services:
            yield self._file("services/sorting.py")
        if "page_url(" in services:
            yield self._file("services/turning.py")
        uses = {
            "lists": "Conditions(" in repositories,
            "counted": "fetch_page(" in repositories,
            "uncounted": "fetch_rows(" in repositories,
            "sorts": "order_by(" in repositories,
            "search": "containing(" in repositories,
            "creates": "insertion(" in repositories,
            "changes": "assignments(" in repositories,
            "marks": 'Conditions("' in repositories or "Conditions((" in repositories,
            "now": bool(re.search(r"\bNOW\b(?!$)", re.sub(r"import NOW", "", services))),
        }
        if any(uses.values()):
            yield self._file("repositories/statements.py", uses=uses)

    def _services(self) -> Iterator[tuple[str, str]]:
        for resource in self._resources:
            imports = {*OF_SERVICE, *self._schema_imports()}
            for repository in resource.repositories.values():
                imports.add(f"from src.repositories.{repository.module} import {repository.stem}Repository")
            for mapper in resource.mappers.made.values():
                imports |= {self._row_import(row) for row in (mapper.row, *(child.row for _, child in mapper.children))}
            yield (
                f"src/services/{resource.name}.py",
                self._rendered(
                    "services/resource.py", resource=resource, imports=sorted(imports), rotates=self._rotates
                ),
            )

    def _repositories(self) -> Iterator[tuple[str, str]]:
        for repository in self._plan.repositories.values():
            yield f"src/repositories/{repository.module}.py", self._repository(repository)
            yield f"src/models/{repository.module}.py", self._model(repository)

    def _repository(self, repository: Repository) -> str:
        reading = repository.reading
        methods = list(repository.methods.values())
        imports = {*OF_REPOSITORY, *(one for m in methods for c in m.conditions for one in c.typed.imports)}
        imports |= {"from typing import Annotated", "from typing import Literal", "from pydantic import Field"}
        row = f"{repository.stem}Row"
        imports |= {
            f"from src.models.{repository.module} import {row}",
            f"from src.models.{repository.module} import {repository.stem}Credentials",
        }
        if "find_holder" in repository.methods:
            imports |= self._plan.key_holder.imports
        details: dict[str, Any] = {}
        if reading is not None:
            fields = _fields(repository)
            details = {
                "fields": [_sql_constant(one.expression) for one in fields],
                "joins": [block_text(clause) for _, clause, _ in reading.joins.values()],
                "stored": [block_text(spot) for spot in reading.stored.values()],
                "source": reading.source,
                "alias": quoted(reading.alias),
                "then": ", ".join(reading.spot(one) for one in reading.table.primary_key)
                or next(iter(reading.stored.values()), "1"),
                "credentials_sql": _credentials_sql(repository),
                "holder_sql": _holder_sql(repository, self._plan.keys),
            }
        sorts = [(self._sort_name(repository, name), _dictionary(one)) for name, one in repository.sorts.items()]
        return self._rendered(
            "repositories/table.py",
            repository=repository,
            methods=methods,
            imports=sorted(imports),
            row=row,
            writes=any(one.kind in ("create", "change") for one in methods),
            written=_dictionary(repository.written),
            holder=self._plan.key_holder.text,
            sorts=sorts,
            sort_name=lambda method: self._sort_name(repository, method.name),
            joined=" <_JOINS>" if details.get("joins") else "",
            **{"fields": [], "joins": [], "stored": [], "source": "", "alias": "", "then": "", **details},
        )

    def _sort_name(self, repository: Repository, method: str) -> str:
        return "_SORTS" if len(repository.sorts) == 1 else f"_{method.upper()}_SORTS"

    def _model(self, repository: Repository) -> str:
        fields = _fields(repository)
        imports = {"from typing import NamedTuple", *(line for one in fields for line in one.typed.imports)}
        login = repository.login if "find_credentials" in repository.methods else None
        imports |= self._plan.caller_id.imports if login else frozenset()
        return self._rendered(
            "models/table.py",
            table=repository.key,
            stem=repository.stem,
            fields=fields,
            imports=sorted(imports),
            credentials=self._plan.caller_id.text if login else "",
        )

    def _places(self, shape: FailureShape) -> list[tuple[str, str, int]]:
        """Method, path and status, as the application knows them."""
        base, paths = self._plan.contract.base_path, {one.bound.operation.key: one for one in self._plan.operations}
        found = ((paths[key], status) for key, status in shape.places)
        return [(one.bound.operation.method.upper(), base + one.path, status) for one, status in found]

    def _api(self) -> Iterator[tuple[str, str]]:
        plan = self._plan
        shapes = failure_shapes(plan.contract)
        yield self._file(
            "api/errors.py",
            shapes=shapes,
            places={shape.name: self._places(shape) for shape in shapes},
            said={name for shape in shapes for name in shape.inputs},
            challenge=_challenge(plan),
            kinds=_kinds(plan.contract),
        )
        if any(one.takes_url for one in plan.operations):
            yield self._file("api/addresses.py")
        yield self._file("api/health.py")
        named = sorted(plan.responses.named_media.values())
        yield self._file("api/routing.py", caches=self._caches, repeats=self._repeats, names_media=bool(named))
        if named:
            yield self._file("api/media.py", classes=named)
        if self._caches:
            yield self._file("api/caching.py")
            yield self._file("core/cache.py")
        if self._repeats:
            yield self._file("api/idempotency.py", schemes=list(plan.credentials.schemes) if plan.authenticates else [])
        yield self._file("api/reading.py")
        yield self._file("api/dependencies/database.py")
        if plan.authenticates:
            credentials = plan.credentials
            yield self._file(
                "api/dependencies/auth.py",
                schemes=list(credentials.schemes.values()),
                dependencies=list(credentials.dependencies.values()),
                rotates=self._rotates,
                repeats=self._repeats,
                tokens=plan.tokens,
                users=plan.users,
                keys=plan.keys,
                key_repository=plan.key_repository,
                nameless=self._plan.binding.nameless_keys,
                plain=all(one.proof is Proof.TOKEN for one in credentials.schemes.values()),
            )
        yield self._file(
            "api/dependencies/services.py",
            resources=self._resources,
            repositories=list(plan.repositories.values()),
            rotates=self._rotates,
        )
        if plan.responses.constants:
            yield self._file(
                "api/responses.py",
                classes=sorted(set(plan.schemas.classes.values())),
                constants=sorted(plan.responses.constants.items()),
            )
        base_path = literal(plan.contract.base_path) if plan.contract.base_path else ""
        yield self._file("api/router.py", resources=self._resources, base_path=base_path)
        for resource in self._resources:
            yield f"src/api/routes/{resource.name}.py", self._routes(resource)

    def _routes(self, resource: Resource) -> str:
        imports = {*OF_ROUTE, *self._schema_imports()}
        imports.add(f"from src.api.dependencies.services import {resource.stem}ServiceDependency")
        imports |= {f"from src.api.responses import {name}" for name in self._plan.responses.constants}
        imports |= {f"from src.api.media import {name}" for name, _, _ in self._plan.responses.named_media.values()}
        for dependency in self._plan.credentials.dependencies.values():
            imports.add(f"from src.api.dependencies.auth import {dependency.alias}")
            imports.add(f"from src.api.dependencies.auth import {dependency.function}")
        for operation in resource.operations:
            imports |= {_STRICT.get(line, line) for one in operation.parameters for line in one.imports}
        tags = _common_tags([operation.bound for operation in resource.operations])
        return self._rendered(
            "api/routes/resource.py", resource=resource, imports=sorted(imports), tags=tags, caches=self._caches
        )

    def _schema_imports(self) -> set[str]:
        return {f"from src.schemas.api import {name}" for name in set(self._plan.schemas.bases)}

    def _row_import(self, row: str) -> str:
        module = next(one.module for one in self._plan.repositories.values() if f"{one.stem}Row" == row)
        return f"from src.models.{module} import {row}"

    def _rendered(self, name: str, **values: Any) -> str:
        return str(self._environment.get_template(f"{name}.jinja").render(**values))

    def _file(self, name: str, **values: Any) -> tuple[str, str]:
        return f"src/{name}", self._rendered(name, **values)


def _challenge(plan: Plan) -> str:
    """What a refused caller may try: the names of the ways, each once."""
    names = {Proof.TOKEN: "Bearer", Proof.PASSWORD: 'Basic realm="service"', Proof.KEY: "ApiKey"}
    used = [name for proof, name in names.items() if plan.credentials.uses(proof)]
    return literal(", ".join(used) or names[Proof.TOKEN])


def _kinds(contract: Contract) -> tuple[str, ...]:
    """The media types of all bodies, where an operation refuses others by 415; empty where no such kind can be told."""
    refuses = any(answer.status == "415" for one in contract.operations for answer in one.answers)
    kinds = {kind.partition(";")[0].lower() for one in contract.operations if one.body for kind in one.body.content}
    return tuple(sorted(kinds)) if refuses and not any("*" in kind for kind in kinds) else ()


def _dictionary(values: Mapping[str, str]) -> str:
    return "{" + ", ".join(f"{literal(key)}: {literal(value)}" for key, value in values.items()) + "}"


def _sql_constant(text: str) -> dict[str, str]:
    return {"expression": block_text(text)}


def _fields(repository: Repository) -> list[RowField]:
    """What the repository reads of its table, in the table's order; nothing where it gives no rows."""
    reading = repository.reading
    if reading is None or all(one.kind in _GIVING_NO_ROWS for one in repository.methods.values()):
        return []
    return sorted(reading.fields.values(), key=lambda one: _place(reading, one.expression))


def _place(reading: Any, expression: str) -> tuple[int, str]:
    """Columns of the table first, in its order; joined ones after them as they came."""
    for index, column in enumerate(reading.table.columns):
        if reading.spot(column.name) in expression.split(" AS ")[0]:
            return index, ""
    return len(reading.table.columns), ""


def _credentials_sql(repository: Repository) -> str:
    reading = repository.reading
    if reading is None or repository.login is None:
        return ""
    identifier, login, password = (reading.spot(one) for one in repository.login)
    where = " AND ".join(one for one in (f"{login} = $1", repository.living) if one)
    return f"SELECT {identifier}, {password} FROM {reading.source} WHERE {where}"


def _holder_sql(repository: Repository, keys: Keys | None) -> str:
    """The statement that tells whose key a hash is, as long as the key opens anything."""
    reading = repository.reading
    if reading is None or keys is None or keys.table != repository.key:
        return ""
    spot = reading.spot
    ends = [f"({spot(name)} IS NULL OR {spot(name)} > now())" for name in keys.ends]
    switches = [spot(name) if on else f"NOT {spot(name)}" for name, on in keys.switches.items()]
    where = " AND ".join([f"{spot(keys.hash_column)} = $1", *ends, *switches])
    return f"SELECT {spot(keys.owner_column or keys.id_column)} FROM {reading.source} WHERE {where}"


def _common_tags(bounds: list[Bound]) -> list[str]:
    every = [set(bound.operation.tags) for bound in bounds]
    common = set.intersection(*every) if every else set()
    return [one_line(tag) for tag in bounds[0].operation.tags if tag in common] if bounds else []


def _sentence(text: str) -> str:
    told = one_line(text) or "The service"
    return told if told.endswith((".", "!", "?")) else f"{told}."
