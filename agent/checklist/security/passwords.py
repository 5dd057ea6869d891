"""PWD-HASH, PWD-PLAIN and PWD-RULES: what becomes of a password, and which passwords are taken.

Costs are judged by the OWASP Password Storage Cheat Sheet (cheatsheetseries.owasp.org): Argon2id with one of m=47104
t=1, m=19456 t=2, m=12288 t=3, m=9216 t=4, m=7168 t=5 (m in KiB, p=1) or more; bcrypt with a work factor of 10 or more.
"""

from __future__ import annotations

import base64
import re
import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import quote

from argon2 import extract_parameters
from argon2.exceptions import InvalidHashError
from argon2.low_level import Type

from agent.binding.callers import Accounts
from agent.binding.model import Action, Bound
from agent.checklist.probe.accounts import Caller, password
from agent.checklist.probe.exchange import caller_for
from agent.checklist.probe.requests import Request, body_schema
from agent.checklist.record import Seen
from agent.checklist.security.round import NOT_APPLICABLE, Round, curl
from agent.contract.model import Schema
from agent.contract.sample import validate
from agent.receipts import Receipt

ASKED: Mapping[str, str] = {
    "PWD-HASH": "headers: the value that the database holds for a password that was just registered",
    "PWD-RULES": "headers: weak passwords at every operation that sets one",
}
"""What is seen by asking."""
RULES: Mapping[str, str] = {
    "PWD-PLAIN": "headers: the passwords of all callers searched in database, log and answers",
}
"""What is seen after everybody has asked."""

_ARGON2_MINIMA = ((47_104, 1), (19_456, 2), (12_288, 3), (9_216, 4), (7_168, 5))
"""Memory in KiB, iterations."""
_BCRYPT_MINIMUM = 10
_CANARY = re.compile(r"Aa1![0-9a-f]{16}")
"""What `password` makes up: nobody else has such a text by chance."""
_SHORTEST = 8
"""Characters; NIST SP 800-63B and OWASP ask for no fewer."""
_WEAK = ("1", "A1!", "password", "12345678")
_NOBODY = f"{NOT_APPLICABLE}no operation of the contract registers users with a password"


@dataclass(frozen=True, slots=True)
class Stored:
    """A value of the database in which a password stands."""

    place: str
    """`users.password_hash`."""
    value: str


async def judge_hash(probes: Round) -> tuple[Receipt, ...]:
    """Two users with one password: what is stored for each. Raises `NoCredentials`."""
    accounts = probes.world.binding.accounts
    if accounts is None or accounts.register is None:
        return probes.owing.leave("PWD-HASH", _NOBODY)
    register = probes.world.binding.bound(accounts.register)
    first = await probes.world.users.member()
    assert first is not None
    body = _with_password(probes, register, first.password)
    request = probes.world.asker.request(register.operation, caller=None, path_values={}, body=body)
    reply = await probes.send(request)
    second = probes.world.users.registration(register, body) if 200 <= reply.status < 300 else None
    probes.callers += [first, *([second] if second else [])]
    stored = [_stored(probes, accounts, one) for one in (first, second) if one is not None]
    problems = list(hash_problems(stored[0]))
    values = [{one.value for one in each} for each in stored]
    if len(values) == 2 and values[0] & values[1]:
        problems.append("two users with the same password have the same stored value: there is no salt")
    return probes.judge(
        "PWD-HASH",
        problems,
        ran=f"{register.operation.key} twice with one password, then the row in {accounts.table}",
        found="; ".join(f"{one.place}: {_cost(one.value)}" for one in stored[0]),
        reproduce=f"{replace(request, secrets=frozenset({first.password})).curl()}\n"
        f"psql -c 'SELECT {accounts.password_column} FROM {accounts.table} ORDER BY 1 DESC LIMIT 1'",
    )


def hash_problems(stored: Sequence[Stored]) -> Iterator[str]:
    """Why what is stored for a password is no sound hash of it."""
    if not stored:
        yield "no column of the user's row holds an argon2 or bcrypt hash"
    for one in stored:
        if one.value.startswith("$argon2"):
            yield from _argon2_problems(one)
        else:
            cost = _bcrypt_cost(one.value)
            if cost < _BCRYPT_MINIMUM:
                yield f"{one.place}: bcrypt with work factor {cost}; {_BCRYPT_MINIMUM} or more is asked for"


def plain_problems(secrets: Mapping[str, str], places: Mapping[str, str]) -> Iterator[str]:
    """Where a password (text → whose) stands in clear, or in a form that anybody can turn back.

    `places`: where → the text that is there.
    """
    for secret, whose in secrets.items():
        for form, text in _forms(secret).items():
            for where, content in places.items():
                if text in content:
                    yield f"the password of {whose} stands {form} in {where}"


async def judge_plain(probes: Round) -> tuple[Receipt, ...]:
    """Search everybody's password in the database, in the log and in every answer."""
    for bound, name in _taking(probes):
        await _refused_with_password(probes, bound, name)
    seen = probes.record.seen
    secrets = {one.password: "a user" for one in probes.callers} | dict.fromkeys(_sent_passwords(seen), "a user")
    if not secrets:
        return probes.owing.leave("PWD-PLAIN", _NOBODY)
    answers = [(one, _answer(one)) for one in seen]
    places = {
        **{f"the table {name}": text for name, text in probes.world.asker.store.texts().items()},
        "the log": probes.service.process.log(),
        **{f"the answer {one.told}": text for one, text in answers},
    }
    problems = list(dict.fromkeys(plain_problems(secrets, places)))
    showing = next((one for one, text in answers if any(secret in text for secret in secrets)), None)
    ran = f"{len(secrets)} passwords searched in {len(probes.case.catalog.tables)} tables, log, {len(seen)} answers"
    return probes.judge(
        "PWD-PLAIN",
        problems,
        ran=ran,
        found="nowhere, neither in clear nor encoded",
        reproduce=_shown(showing, secrets) or _kept(problems, seen, secrets),
    )


async def judge_rules(probes: Round) -> tuple[Receipt, ...]:
    """Ask every operation that sets a password to take weak ones.

    The contract says which passwords are good: what its schema refuses has to be refused, what it allows may be taken.
    Where it allows less than eight characters and the service does too, the contract is to blame.
    """
    problems, admitted, asked = list[str](), list[str](), list[str]()
    reproduce = ""
    for bound, name in _setting(probes):
        for weak in (*_WEAK, *_one_short(probes, bound, name)):
            request, refused = await _weak_request(probes, bound, name, weak)
            reply = await probes.send(request)
            asked.append(f"{bound.operation.key} with {weak!r} → {reply.status}")
            taken = 200 <= reply.status < 300
            if taken and refused:
                problems.append(
                    f"{bound.operation.key} takes the password {weak!r}, which the contract refuses: {refused}"
                )
                reproduce = reproduce or request.curl()
            elif taken and len(weak) < _SHORTEST:
                admitted.append(f"{bound.operation.pointer}: allows the password {weak!r}")
    if not asked:
        return probes.owing.leave("PWD-RULES", _NOBODY)
    ran = "; ".join(asked)
    if admitted and not problems:
        return probes.owing.blame_input("PWD-RULES", admitted, subject="service", ran=ran)
    return probes.judge(
        "PWD-RULES", problems, ran=ran, found="what the contract refuses is refused", reproduce=reproduce
    )


def _stored(probes: Round, accounts: Accounts, caller: Caller) -> list[Stored]:
    """The hashes in the user's row, and in rows that refer to it."""
    row = probes.world.users.row(caller)
    rows = [row] if row else []
    for table in probes.case.catalog.tables:
        for key in table.foreign_keys:
            if row is not None and key.table == accounts.table and len(key.columns) == 1:
                found = probes.world.asker.store.find(table, {key.columns[0]: row.values[key.referenced[0]]})
                rows += [found] if found else []
    return [
        Stored(f"{one.table.name}.{column}", value)
        for one in rows
        for column, value in one.values.items()
        if isinstance(value, str) and value.startswith(("$argon2", "$2a$", "$2b$", "$2y$"))
    ]


def _argon2_problems(one: Stored) -> Iterator[str]:
    try:
        found = extract_parameters(one.value)
    except InvalidHashError:
        yield f"{one.place}: begins as an argon2 hash, and is none"
        return
    if found.type is not Type.ID:
        yield f"{one.place}: argon2{found.type.name.lower()}; argon2id is asked for"
    if not any(found.memory_cost >= memory and found.time_cost >= turns for memory, turns in _ARGON2_MINIMA):
        yield f"{one.place}: {_cost(one.value)}; at least m=19456, t=2 or its like is asked for"


def _bcrypt_cost(value: str) -> int:
    cost = value.split("$")[2] if value.count("$") >= 3 else ""
    return int(cost) if cost.isascii() and cost.isdigit() else 0


def _cost(value: str) -> str:
    """What a hash says of its making, without salt and result: `argon2id m=65536,t=3,p=4`."""
    parts = value.split("$")
    return (
        f"{parts[1]} {parts[3]}" if value.startswith("$argon2") and len(parts) > 4 else f"bcrypt {_bcrypt_cost(value)}"
    )


def _forms(secret: str) -> dict[str, str]:
    encoded = secret.encode()
    forms = {
        "in clear": secret,
        "in base64": base64.b64encode(encoded).decode().rstrip("="),
        "in hexadecimal": encoded.hex(),
        "percent-encoded": quote(secret, safe=""),
        "backwards": secret[::-1],
    }
    return {form: text for form, text in forms.items() if form == "in clear" or text != secret}


def _taking(probes: Round) -> Iterator[tuple[Bound, str]]:
    """The operations that take a password, each with the name of that property."""
    for bound in probes.world.binding.operations:
        for one in bound.body:
            if one.secret and one.embedded is None and not bound.hole:
                yield bound, one.property


def _setting(probes: Round) -> Iterator[tuple[Bound, str]]:
    yield from ((bound, name) for bound, name in _taking(probes) if bound.action is not Action.LOGIN)


async def _refused_with_password(probes: Round, bound: Bound, name: str) -> None:
    """Send a good password beside something that is refused: a careless answer shows what came in."""
    request, _ = await probes.request(bound, await caller_for(probes.world, bound))
    if not isinstance(request.body, dict):
        return
    for other in request.body:
        if other != name:
            await probes.send(replace(request, body={**request.body, other: [None]}))


def _sent_passwords(seen: Sequence[Seen]) -> Iterator[str]:
    """The made-up passwords that any gate has sent."""
    for one in seen:
        for text in _CANARY.findall(one.content.decode("utf-8", "replace")) if one.content else ():
            yield str(text)


def _answer(one: Seen) -> str:
    headers = "\n".join(f"{name}: {value}" for name, value in one.reply.headers.multi_items())
    return f"{headers}\n{one.reply.text}"


def _shown(one: Seen | None, secrets: Mapping[str, str]) -> str:
    """The request whose answer shows a password, itself with a name in place of it."""
    if one is None:
        return ""
    content = one.content.decode("utf-8", "replace") if one.content else ""
    for secret in secrets:
        content = content.replace(secret, "$SECRET")
    sent = f" -H 'Content-Type: application/json' --data-binary {shlex.quote(content)}" if content else ""
    return curl(one.method, one.target) + sent


def _kept(problems: Sequence[str], seen: Sequence[Seen], secrets: Mapping[str, str]) -> str:
    """What shows the table that keeps a password, else the last request that carried one into the log."""
    if not problems:
        return ""
    if table := problems[0].partition(" in the table ")[2]:
        return f"psql -c {shlex.quote(f'TABLE {table}')}"
    sent = (one for one in reversed(seen) if one.content and any(secret.encode() in one.content for secret in secrets))
    return f"{_shown(next(sent, None), secrets)}  # and read what the service prints"


def _schema_of(probes: Round, bound: Bound, name: str) -> Schema:
    """The schema of the property that carries the password."""
    found = body_schema(bound.operation)
    properties = probes.case.contract.resolve(found[1]).get("properties", {}) if found else {}
    return properties.get(name, {}) if isinstance(properties, Mapping) else {}


def _one_short(probes: Round, bound: Bound, name: str) -> Iterator[str]:
    """A good password, but for one character less than the contract wants."""
    shortest = probes.case.contract.resolve(_schema_of(probes, bound, name)).get("minLength", 0)
    if isinstance(shortest, int) and shortest > 1:
        yield password(probes.world.asker.chance)[: shortest - 1]


async def _weak_request(probes: Round, bound: Bound, name: str, weak: str) -> tuple[Request, str]:
    """The request with a weak password, and why the contract refuses it; empty when it does not."""
    request, _ = await probes.request(bound, await caller_for(probes.world, bound))
    refused = validate(probes.case.contract, _schema_of(probes, bound, name), weak, direction="request")
    body = request.body if isinstance(request.body, dict) else {}
    return replace(request, body={**body, name: weak}), next(iter(refused), "")


def _with_password(probes: Round, bound: Bound, secret: str) -> dict[str, Any]:
    body = probes.world.users.registration_body(bound)
    names = [one.property for one in bound.body if one.secret]
    return {**(body if isinstance(body, dict) else {}), **dict.fromkeys(names, secret)}
