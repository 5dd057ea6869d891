"""openapi-spec-validator's checks of schemas, defaults and tags, made to tell places and to end on any document.

The findings are the library's, in another order: every schema is checked against its dialect before any is walked
(walking takes valid schemas for granted), equal schemas are checked once, and schemas that contain themselves or form
long chains are walked without running out of stack.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NoReturn

from agent.contract.grammar import Step, children
from agent.contract.sieve import Version, schema_is_valid

if TYPE_CHECKING:
    from jsonschema.exceptions import ValidationError

_DEPTH = 30
"""How far schemas are followed into one another before the rest is put off."""

_Checks: Any = object
"""Stands for the library's class, which is only known once it is imported."""


def semantic_errors(document: Mapping[str, Any], version: Version) -> Iterator[ValidationError]:
    """The library's errors, most with the path of what they are about as `place`."""
    validator = _validator(version)(document)
    invalid = list(_checks(validator).check_all(document, validator.schema_path, version))
    yield from invalid or validator.root_validator(validator.schema_path)


def dialect_errors(document: Mapping[str, Any], version: Version) -> Iterator[ValidationError]:
    """Only what makes a schema none of its dialect."""
    if "jsonSchemaDialect" not in document and all(
        schema_is_valid(one, version) for _, one in _outermost_schemas(document)
    ):
        return
    validator = _validator(version)(document)
    yield from _checks(validator).check_all(document, validator.schema_path, version)


def _checks(validator: Any) -> Any:
    return validator.keyword_validators_registry["schema"]


@lru_cache
def _validator(version: Version) -> Any:
    from openapi_spec_validator import OpenAPIV30SpecValidator, OpenAPIV31SpecValidator
    from openapi_spec_validator.validation import keywords

    validator, schemas = {
        "3.0": (OpenAPIV30SpecValidator, keywords.OpenAPIV30SchemaValidator),
        "3.1": (OpenAPIV31SpecValidator, keywords.OpenAPIV31SchemaValidator),
    }[version]
    replaced = {**validator.keyword_validators, "schema": type("PlacedSchemas", (_Placed, schemas), {})}
    return type(
        "PlacedSpecValidator", (validator,), {"keyword_validators": replaced, "resolver_handlers": _NothingIsFetched()}
    )


class _NothingIsFetched(dict[str, Any]):
    """Handlers of every URI scheme: the library follows `$ref` even inside values, even into networks."""

    def __contains__(self, scheme: object) -> bool:
        return True

    def __getitem__(self, scheme: str) -> Any:
        return _refuse


def _refuse(uri: str) -> NoReturn:
    raise LookupError(f"{uri} is not fetched")


class _Placed(_Checks):  # type: ignore[misc]
    """Notes where each finding stands, and ends on schemas that contain themselves or form long chains."""

    def __init__(self, registry: Any) -> None:
        super().__init__(registry)
        self._depth = 0
        self._postponed: list[tuple[Any, Any, Any]] = []
        self._collecting: list[Any] = []
        self._checked: set[int] = set()

    def check_all(self, document: Mapping[str, Any], root: Any, version: Version) -> Iterator[ValidationError]:
        """Check every outermost schema, with all that it contains, against its dialect."""
        usual = "jsonSchemaDialect" not in document
        for path, value in _outermost_schemas(document):
            self._checked.add(id(value))
            if usual and schema_is_valid(value, version):
                continue
            error = super()._validate_schema_meta(root, value)
            if error is not None:
                error.place = (*path, *(str(part) for part in error.absolute_path))
                yield error

    def _validate_schema_meta(self, schema: Any, schema_value: Any) -> Any:
        return None if id(schema_value) in self._checked else super()._validate_schema_meta(schema, schema_value)

    def __call__(self, schema: Any, *options: Any, **named: Any) -> Iterator[ValidationError]:
        if self._depth >= _DEPTH:
            self._postponed.append((schema, options, named))
            return
        yield from self._visit(schema, options, named)
        while self._depth == 0 and self._postponed:
            yield from self._visit(*self._postponed.pop())

    def _visit(self, schema: Any, options: Any, named: Any) -> Iterator[ValidationError]:
        self._depth += 1
        for error in super().__call__(schema, *options, **named):
            if not hasattr(error, "place"):
                error.place = tuple(str(part) for part in schema.parts)
            yield error
        self._depth -= 1

    def _collect_properties(self, schema: Any) -> set[str]:
        value = schema.read_value()
        if any(one is value for one in self._collecting):
            return set()
        self._collecting.append(value)
        try:
            return set(super()._collect_properties(schema))
        finally:
            self._collecting.pop()


def _outermost_schemas(document: Mapping[str, Any]) -> Iterator[tuple[Step, Any]]:
    waiting: list[tuple[str, Step, Any]] = [("document", (), document)]
    while waiting:
        kind, path, node = waiting.pop()
        if kind == "schemas":
            yield path, node
        elif isinstance(node, Mapping):
            waiting.extend((inner, path + step, child) for step, inner, child in children(kind, node))
