"""Keys that a contract declares as plain parameters, such as FastAPI's `x_api_key: Annotated[str, Header()]`.

No security scheme says that such a header is a credential. Its name does, and the settings that the service reads.
"""

from __future__ import annotations

import string
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import replace
from typing import Any

from agent.binding.model import Binding
from agent.binding.words import singular, words
from agent.contract.model import Contract, Operation, Parameter
from agent.stacks.base import ServiceCommand

_LAST = frozenset({"key", "apikey", "token", "secret", "auth", "authorization", "credential", "credentials"})
_OTHERWISE = frozenset({"idempotency", "csrf", "xsrf", "continuation", "page", "cursor", "sync", "cache", "sort"})
"""What such a word may belong to that lets nobody in."""
_IN_QUERIES = frozenset({("api", "key"), ("apikey",), ("access", "token")})
_METHODS = frozenset({"get", "put", "post", "delete", "options", "head", "patch", "trace"})
TELL = (
    "cannot be looked at: give the key by `--setting NAME=VALUE`, by the service's own name for it or API_KEY, or in "
    "agent.toml under [service.credentials]"
)


def is_key(parameter: Parameter) -> bool:
    """True when a parameter seems to carry a key or a token of the caller, by its name."""
    parts = words(parameter.name)
    if parameter.location == "query":
        return parts in _IN_QUERIES
    return parameter.location == "header" and parts[-1:] != () and parts[-1] in _LAST and _OTHERWISE.isdisjoint(parts)


def names_key(operation: Operation) -> bool:
    """True when some parameter seems to carry a key."""
    return any(map(is_key, operation.parameters))


def plain_keys(operation: Operation, command: ServiceCommand) -> Mapping[str, str]:
    """The keys of an operation's own parameters, as credentials are written: `?name` is a query parameter."""
    return {
        f"?{one.name}" if one.location == "query" else one.name: key
        for one in operation.parameters
        if is_key(one) and (key := key_of(one.name, command))
    }


def unknown_keys(operation: Operation, command: ServiceCommand) -> tuple[str, ...]:
    """Parameters that seem to carry a key which nobody told; none where security schemes say who may call."""
    if operation.protected:
        return ()
    return tuple(one.name for one in operation.parameters if is_key(one) and not key_of(one.name, command))


def key_of(name: str, command: ServiceCommand) -> str:
    """What a header of this name has to carry: as it was told, else the one setting of the service with its words.

    Empty where no setting has them, or more than one.
    """
    told = {one.lower(): value for one, value in command.credentials.items()}.get(name.lower())
    if told is not None:
        return string.Template(told).safe_substitute(command.environment)
    held = {one: command.environment.get(one, shown) for one, shown in command.key_settings.items()}
    for found in _likely(name, held):
        values = {value for value in found if value}
        if len(values) == 1:
            return values.pop()
        if values:
            return ""
    return ""


def bound_beside_keys(contract: Contract, bind: Callable[[Contract], Binding]) -> Binding:
    """What operations do, as far as it can be told from all that they take but keys: those say who is calling."""
    plain = [
        replace(one, parameters=tuple(parameter for parameter in one.parameters if not is_key(parameter)))
        for one in contract.operations
    ]
    found = bind(replace(contract, operations=tuple(plain)))
    whole = [replace(one, operation=contract.operation(one.operation.key)) for one in found.operations]
    return replace(found, operations=tuple(whole))


def without_known_keys(contract: Contract, command: ServiceCommand) -> Contract:
    """The contract as for somebody who has the keys already, so that nobody makes up other ones."""
    parameters = [one for operation in contract.operations for one in operation.parameters]
    known = {(one.location, one.name) for one in parameters if is_key(one) and key_of(one.name, command)}
    if not known:
        return contract
    paths = {path: _rid(item, known, contract) for path, item in contract.document.get("paths", {}).items()}
    return replace(contract, document={**contract.document, "paths": paths})


def _rid(item: Any, known: Collection[tuple[str, str]], contract: Contract) -> Any:
    """A path item, or an operation, without these parameters."""
    if not isinstance(item, Mapping):
        return item
    rid = {name: _rid(value, known, contract) if name in _METHODS else value for name, value in item.items()}
    if isinstance(rid.get("parameters"), list):
        rid["parameters"] = [one for one in rid["parameters"] if _named(one, contract) not in known]
    return rid


def _named(parameter: Any, contract: Contract) -> tuple[str, str]:
    shared = contract.document.get("components", {}).get("parameters", {})
    if isinstance(parameter, Mapping) and isinstance(parameter.get("$ref"), str):
        parameter = shared.get(parameter["$ref"].rsplit("/", 1)[-1])
    return (parameter.get("in", ""), parameter.get("name", "")) if isinstance(parameter, Mapping) else ("", "")


def _likely(name: str, held: Mapping[str, str]) -> Iterator[list[str]]:
    """The values of settings with the very words of the name, then of those that end with them."""
    wanted = _plain(name)
    yield [_first(value) for one, value in held.items() if _plain(one) == wanted]
    if len(wanted) > 1:
        yield [_first(value) for one, value in held.items() if _plain(one)[-len(wanted) :] == wanted]


def _plain(name: str) -> tuple[str, ...]:
    """`X-API-Key` and `API_KEYS` are the same words here."""
    found = words(singular(name))
    parts = tuple(part for one in found for part in (("api", "key") if one == "apikey" else (one,)))
    return parts[1:] if parts[:1] == ("x",) else parts


def _first(value: str) -> str:
    """Of several with commas between them, the first."""
    return value.split(",")[0].strip()
