"""Is this a valid OpenAPI document? Every problem with its file, line and pointer, in plain words.

The verdict is openapi-spec-validator's. The metaschema's registry is crawled once instead of at each dynamic reference,
which was most of the time that the structure took; what it finds is the same.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from agent.contract.bundling import Bundle
from agent.contract.grammar import Step
from agent.contract.patterns import compiled
from agent.contract.semantics import dialect_errors, semantic_errors
from agent.contract.sieve import Version, structure_is_valid
from agent.errors import Problem

if TYPE_CHECKING:
    from jsonschema.exceptions import ValidationError

_MAX_PROBLEMS = 100
_OWN = ("DuplicateOperationIDError", "UnresolvableParameterError", "ParameterDuplicateError")
"""Findings of the validator that `rules.py` reports with their place."""


def structural_problems(bundle: Bundle) -> tuple[Problem, ...]:
    """What the published JSON Schema of OpenAPI 3.0 or 3.1 objects to; the rest may be looked at when this is empty."""
    version = _version(bundle)
    if structure_is_valid(bundle.document, version):
        return ()
    errors = _structure(version).iter_errors(bundle.document)
    found: dict[tuple[Step, Any], tuple[Step, ValidationError]] = {}
    for error in errors:
        deep = _telling(error)
        path = tuple(str(part) for part in deep.absolute_path)
        found.setdefault((path, deep.validator), (path, deep))
        if len(found) >= _MAX_PROBLEMS:
            break
    deeper = [path for path, _ in found.values()]
    kept = [
        (path, error)
        for path, error in found.values()
        if error.validator != "unevaluatedProperties" or not any(_inside(other, path) for other in deeper)
    ]
    return tuple(Problem(bundle.place(_spot(path, error)), _plain(error)) for path, error in kept)


def semantic_problems(bundle: Bundle) -> tuple[Problem, ...]:
    """What openapi-spec-validator objects to beyond the structure: schemas, then defaults and tags."""
    from referencing.exceptions import Unresolvable

    try:
        return _problems(bundle, semantic_errors(bundle.document, _version(bundle)))
    except Unresolvable as error:
        message = f"a default holds `$ref` as a value ({error.ref}), which cannot be checked; take it out"
        return (Problem(bundle.place(()), message),)


def dialect_problems(bundle: Bundle) -> tuple[Problem, ...]:
    """Schemas that are none; whether defaults fit them is not asked."""
    return _problems(bundle, dialect_errors(bundle.document, _version(bundle)))


def _problems(bundle: Bundle, errors: Iterator[ValidationError]) -> tuple[Problem, ...]:
    problems: dict[Problem, None] = {}
    for error in errors:
        if type(error).__name__ in _OWN or _matches_after_all(error):
            continue
        problems[Problem(bundle.place(getattr(error, "place", ())), _plain(_telling(error)))] = None
        if len(problems) >= _MAX_PROBLEMS:
            break
    return tuple(problems)


def _matches_after_all(error: ValidationError) -> bool:
    """Patterns that need ECMAScript's Unicode mode are misjudged where a default is checked."""
    if error.validator != "pattern" or not isinstance(error.instance, str):
        return False
    return compiled(str(error.validator_value))(error.instance)


def _version(bundle: Bundle) -> Version:
    return "3.0" if str(bundle.document["openapi"]).startswith("3.0") else "3.1"


@lru_cache
def _structure(version: Version) -> Any:
    from jsonschema.validators import validator_for
    from jsonschema_specifications import REGISTRY  # type: ignore[import-untyped]
    from openapi_spec_validator.schemas import schema_v30, schema_v31
    from referencing.jsonschema import specification_with

    schema = dict(schema_v30 if version == "3.0" else schema_v31)
    identity = str(schema.get("$id") or schema.get("id"))
    resource = specification_with(schema["$schema"]).create_resource(schema)
    registry = REGISTRY.with_resource(identity, resource).crawl()
    validator: Any = validator_for(schema)
    return validator(schema, _resolver=registry.resolver(base_uri=identity))


def _telling(error: ValidationError) -> ValidationError:
    """The error inside an `anyOf` or `oneOf` that tells most: in the branch that was meant, the deepest."""
    while error.context:
        branches: dict[Any, list[ValidationError]] = {}
        for inner in error.context:
            branches.setdefault(inner.schema_path[0] if inner.schema_path else 0, []).append(inner)
        meant = [found for found in branches.values() if not any(_about_reference(inner) for inner in found)]
        candidates = min(meant or list(branches.values()), key=len)
        error = max(candidates, key=lambda inner: len(inner.absolute_path))
    return error


def _about_reference(error: ValidationError) -> bool:
    return error.validator == "required" and "'$ref'" in error.message


def _inside(path: Step, outer: Step) -> bool:
    return len(path) > len(outer) and path[: len(outer)] == outer


def _spot(path: Step, error: ValidationError) -> Step:
    unknown = _unknown_keys(error)
    return (*path, unknown[0]) if unknown else path


def _plain(error: ValidationError) -> str:
    value = error.instance
    match error.validator:
        case "required":
            return f"`{error.message.split(chr(39))[1]}` is missing"
        case "type":
            wanted = error.validator_value
            hint = " (put it in quotes)" if wanted == "string" and isinstance(value, int | float) else ""
            return f"{_shown(value)} is not of type {_or(wanted)}{hint}"
        case "additionalProperties" | "unevaluatedProperties" | "patternProperties" if _unknown_keys(error):
            keys = ", ".join(f"`{key}`" for key in _unknown_keys(error))
            return f"{keys} has no meaning here; remove it or begin it with `x-`"
        case "enum":
            return f"{_shown(value)} is not one of {_or(error.validator_value)}"
        case "const":
            return f"{_shown(value)} is not {_shown(error.validator_value)}"
        case "pattern":
            return f"{_shown(value)} does not have the form {error.validator_value}"
        case "oneOf" | "anyOf" | "dependentRequired" | "not":
            return f"{_shown(value)} is not what may stand here"
    return error.message if len(error.message) < 300 else f"{error.message[:300]}…"


def _unknown_keys(error: ValidationError) -> list[str]:
    if error.validator not in {"additionalProperties", "unevaluatedProperties", "patternProperties"}:
        return []
    keys = error.instance if isinstance(error.instance, Mapping) else {}
    tail = error.message.partition("(")[2] or error.message
    return [key for key in keys if f"'{key}'" in tail]


def _shown(value: Any) -> str:
    import json

    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= 60 else f"{text[:60]}…"


def _or(values: Any) -> str:
    return " or ".join(map(str, values)) if isinstance(values, list) else str(values)
