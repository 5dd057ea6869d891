"""A quick yes: what jsonschema-rs finds valid is valid; what it does not is judged, and explained, by the slow way.

openapi-spec-validator itself takes jsonschema-rs for its verdicts where it is installed, but loses the place of what is
wrong inside a choice. On 1,000 operations the yes costs milliseconds and the slow way seconds. What is published is
read from the packages' files: importing them takes longer than a yes to an ordinary document.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal

Version = Literal["3.0", "3.1"]

_OAS = "https://spec.openapis.org/"
_DIALECT = f"{_OAS}oas/3.1/dialect/base"


def structure_is_valid(document: Mapping[str, Any], version: Version) -> bool:
    """True when the published schema of OpenAPI surely accepts the document; False says nothing."""
    return _is_valid(_structure(version), document)


def schema_is_valid(schema: Any, version: Version) -> bool:
    """True when the metaschema of that version's schemas surely accepts it; False says nothing."""
    if isinstance(schema, Mapping) and "$schema" in schema:
        return False
    return _is_valid(_metaschema(version), schema)


def _is_valid(validator: Any, value: Any) -> bool:
    try:
        return bool(validator.is_valid(value))
    except (ValueError, TypeError, OverflowError, RecursionError):
        return False


@lru_cache
def _structure(version: Version) -> Any:
    import jsonschema_rs

    return jsonschema_rs.validator_for(published_structure(version))


@lru_cache
def _metaschema(version: Version) -> Any:
    import jsonschema_rs

    schema, resources = published_dialect(version)
    return jsonschema_rs.validator_for(schema, registry=jsonschema_rs.Registry(list(resources.items())))


def published_structure(version: Version) -> dict[str, Any]:
    """The published schema of OpenAPI documents."""
    file = _installed("openapi_spec_validator") / "resources" / "schemas" / f"v{version}" / "schema.json"
    return dict(json.loads(file.read_bytes()))


def published_dialect(version: Version) -> tuple[Any, Mapping[str, Any]]:
    """The metaschema of a version's schemas, and what it refers to, by address."""
    if version == "3.1":
        files = (_installed("openapi_schema_validator") / "schemas" / "oas3.1").rglob("*")
        found = (json.loads(file.read_bytes()) for file in files if file.is_file())
        resources = {str(one["$id"]): one for one in found}
        return resources[_DIALECT], resources
    from openapi_schema_validator import OAS30Validator
    from openapi_schema_validator._specifications import REGISTRY

    known: Any = REGISTRY
    return OAS30Validator.META_SCHEMA, {uri: known.contents(uri) for uri in known if uri.startswith(_OAS)}


def _installed(package: str) -> Path:
    """The folder of an installed package, which is not imported."""
    spec = find_spec(package)
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError(f"{package} is not installed", name=package)
    return Path(spec.origin).parent
