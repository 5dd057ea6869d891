"""Types of JSON as types of PostgreSQL."""

from __future__ import annotations

from collections.abc import Sequence

from agent.binding.inputs import Inputs
from agent.binding.shapes import Shape

_OF_STRINGS = {
    "uuid": "uuid",
    "date": "date",
    "date-time": "timestamptz",
    "time": "time",
}
_NUMBERS = ("integer", "bigint", "numeric", "double precision")
"""The looser ones behind."""
_LONGEST = 10_000
"""Characters up to which a `maxLength` becomes the column's length."""


def type_of(inputs: Inputs, said: Shape) -> str:
    """The type of a column for such values: `jsonb` for whatever is no plain value."""
    if said.is_array and not said.several:
        item = inputs.shape(said.items or {})
        inner = "jsonb" if item.is_array else type_of(inputs, item)
        return inner if inner == "jsonb" else f"{inner.split('(')[0]}[]"
    if said.several or len(said.types) != 1:
        return "jsonb" if said.several or not _only_text(said) else "text"
    match next(iter(said.types)):
        case "string":
            return _of_string(said)
        case "integer":
            return "integer" if said.format == "int32" else "bigint"
        case "number":
            return "double precision" if said.format in ("float", "double") else "numeric"
        case "boolean":
            return "boolean"
    return "jsonb"


def condition(column: str, values: Sequence[object]) -> str:
    """The listed values as a CHECK on the column; empty when there are none, or others than strings."""
    if not values or not all(isinstance(value, str) for value in values):
        return ""
    return f"{column} IN ({', '.join(text(str(value)) for value in values)})"


def literal(value: object, kind: str) -> str:
    """A default of the contract as SQL; empty for one that does not fit a plain column."""
    match value:
        case bool() if kind == "boolean":
            return str(value).lower()
        case int() | float() if kind in ("integer", "bigint", "numeric", "double precision"):
            return str(value)
        case str() if kind == "text" or kind.startswith("varchar"):
            return text(value)
    return ""


def beginning(said: Shape, kind: str, *, sendable: bool) -> str:
    """What stands in a column that is never empty until somebody writes it, as SQL; empty where nothing offers itself.

    A text that only the service can know (`sendable` is false) is more than nothing: none offers itself.
    """
    rules = said.schema
    if said.values:
        return literal(said.values[0], kind)
    if said.is_array and not rules.get("minItems"):
        return "'[]'" if kind == "jsonb" else "'{}'"
    if kind == "boolean":
        return "false"
    if kind in _NUMBERS and not {"exclusiveMinimum", "exclusiveMaximum", "multipleOf"} & set(rules):
        least, most = rules.get("minimum", 0), rules.get("maximum", 0)
        return str(least if least > 0 else min(0, most))
    if kind == "jsonb":
        return "'{}'" if said.types == {"object"} and not (said.required or rules.get("minProperties")) else ""
    free = not said.format and not {"pattern", "minLength", "const"} & set(rules)
    return "''" if sendable and free and (kind == "text" or kind.startswith("varchar")) else ""


def text(value: str) -> str:
    """A string literal."""
    escaped = value.replace("'", "''")
    return f"E'{escaped.replace(chr(92), chr(92) * 2)}'" if "\\" in value else f"'{escaped}'"


def loosest(kinds: Sequence[str]) -> str:
    """The one type for what several schemas say of a property."""
    different = list(dict.fromkeys(kinds))
    if len(different) == 1:
        return different[0]
    texts = [kind for kind in different if kind == "text" or kind.startswith("varchar")]
    if len(texts) == len(different):
        return "text"
    if all(kind in _NUMBERS for kind in different):
        return max(different, key=_NUMBERS.index)
    return texts[0] if texts and "jsonb" not in different else different[0]


def _of_string(said: Shape) -> str:
    if said.format in _OF_STRINGS:
        return _OF_STRINGS[said.format]
    longest = said.schema.get("maxLength")
    bounded = isinstance(longest, int) and 0 < longest <= _LONGEST and not said.values
    return f"varchar({longest})" if bounded else "text"


def _only_text(said: Shape) -> bool:
    return bool(said.values) and all(isinstance(value, str) for value in said.values)
