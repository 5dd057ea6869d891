"""The gate logging: every line that the service printed while it was asked."""

from __future__ import annotations

import base64
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from agent.checklist.case import Owing
from agent.checklist.observing.exports import Span
from agent.checklist.observing.observed import Asked, Line, hidden
from agent.checklist.security.round import curl
from agent.receipts import Receipt

RULES: Mapping[str, str] = {
    "LOG-JSON": "observing: every line that was printed under requests",
    "LOG-CORR": "observing: the request's id in answers and lines, the user's id in lines, alone and in parallel",
    "LOG-SECRETS": "observing: passwords, tokens and addresses of made-up users searched in all lines and spans",
}

_LEVEL_NAMES = ("level", "severity", "levelname", "lvl", "log.level", "loglevel")
_ERRORS = frozenset({"error", "err", "critical", "crit", "fatal", "panic", "alert", "emergency", "exception"})
_LEVELS = _ERRORS | {"trace", "debug", "info", "notice", "warn", "warning"}
_SHOWN = 160
_HALF = 8
PASSWORD = "a password"


@dataclass(frozen=True, slots=True)
class Person:
    """A made-up user whose traces are looked for."""

    id: str
    """As lines should name them; empty when it is not known."""
    credentials: frozenset[str]
    """Values of headers that say that it is them."""
    secrets: Mapping[str, str]
    """What no line may hold → what it is."""


def judge(
    owing: Owing, lines: Sequence[Line], asked: Sequence[Asked], people: Sequence[Person], spans: Sequence[Span]
) -> Iterator[Receipt]:
    """Receipts of the gate logging. What is exported is read by as many as what is printed, so it holds no secret."""
    secrets = {text: kind for person in people for text, kind in person.secrets.items()}
    ran = f"{len(lines)} lines printed under {len(asked)} requests"
    found = {
        "LOG-JSON": json_problems(lines, asked),
        "LOG-CORR": correlation_problems(lines, asked, people),
        "LOG-SECRETS": [*secret_problems(lines, secrets), *_exported(spans, secrets)],
    }
    for rule, problems in found.items():
        if rule == "LOG-SECRETS" and not secrets:
            yield from owing.leave(rule, "not applicable: the API knows no passwords and no tokens", ran=ran)
            continue
        yield from owing.judge(
            rule,
            [hidden(problem, list(secrets)) for problem in problems],
            ran=ran,
            found=_FINE[rule],
            reproduce=_again(problems, asked, secrets),
        )


def _again(problems: Sequence[str], asked: Sequence[Asked], secrets: Collection[str]) -> str:
    """The request that the first problem speaks of, else the last one that did something."""
    first = problems[0] if problems else ""
    named = (one for one in asked if one.told in first or (one.id and one.id in first))
    doing = (one for one in reversed(asked) if one.queries)
    one = next(named, None) or next(doing, None)
    line = curl(one.method, one.path, [f"X-Request-ID: {one.id}"] if one.id else []) if one else ""
    return hidden(f"{line}  # and read what the service prints", list(secrets)) if line else ""


_FINE = {
    "LOG-JSON": "one JSON object a line, each with a level",
    "LOG-CORR": "every line carries the id of its request, and the user's once they are known; every answer gives it",
    "LOG-SECRETS": "no secret of a made-up user in any line or span",
}


def json_problems(lines: Sequence[Line], asked: Sequence[Asked]) -> list[str]:
    """Lines that are no JSON object, or have no level."""
    if not lines:
        return [f"nothing was printed under {len(asked)} requests"]
    broken = [f"no JSON object: {one.text[:_SHOWN]}" for one in lines if one.fields is None]
    return broken + [f"no level: {one.text[:_SHOWN]}" for one in lines if one.fields is not None and not _level(one)]


def correlation_problems(lines: Sequence[Line], asked: Sequence[Asked], people: Sequence[Person]) -> list[str]:
    """Answers that do not give their id, lines without the id of any request, and lines without their user."""
    problems = [
        f"{one.told}: sent the id {one.id}, the answer gives {one.returned or 'none'}"
        for one in asked
        if one.id and one.returned != one.id
    ]
    made = [one.returned for one in asked if not one.id]
    problems += ["a request without an id got none in the answer" for one in made if not one]
    if len(set(made)) < len(made):
        problems.append(f"requests without an id were given the same one: {', '.join(made)}")
    of_request = {one.id or one.returned: one for one in asked}
    of_line: dict[str, list[Line]] = {}
    for line in lines:
        ids = line.values & of_request.keys()
        if not ids:
            problems.append(f"a line without the id of its request: {line.text[:_SHOWN]}")
        for identifier in ids:
            of_line.setdefault(identifier, []).append(line)
    if not of_line:
        return ["no line carries the id of a request", *problems]
    return problems + list(_user_problems(of_line, of_request, people))


def _was_looked_up(asked: Asked, callers: Mapping[str, str]) -> bool:
    """True where nobody knew who called: a password or a key is looked up in the database, and that may have failed."""
    sent = [value for value in asked.sent if value in callers]
    return asked.reply.status >= 500 and not any(value.lower().startswith("bearer ") for value in sent)


def _user_problems(
    of_line: Mapping[str, Sequence[Line]], of_request: Mapping[str, Asked], people: Sequence[Person]
) -> Iterator[str]:
    callers = {value: one.id for one in people for value in one.credentials if one.id}
    users = frozenset(callers.values())
    for identifier, lines in of_line.items():
        asked = of_request[identifier]
        user = next((callers[value] for value in asked.sent if value in callers), None)
        if user is None or asked.reply.status == 401 or _was_looked_up(asked, callers):
            continue
        known = False
        for line in lines:
            strangers = (line.values & users) - {user}
            if strangers and user not in line.values:
                yield f"{asked.told}: a line names another user than the caller: {line.text[:_SHOWN]}"
            if known and user not in line.values:
                yield f"{asked.told}: a line without the user's id: {line.text[:_SHOWN]}"
            known = known or user in line.values
        if not known:
            yield f"{asked.told}: no line of it carries the user's id: {lines[-1].text[:_SHOWN]}"


def secret_problems(lines: Sequence[Line], secrets: Mapping[str, str]) -> list[str]:
    """Lines that hold a secret, written plainly, escaped, or in base64, or half of a password."""
    forms = {form: kind for text, kind in secrets.items() for form in _forms(text)}
    forms |= {half: f"part of {kind}" for text, kind in secrets.items() if kind == PASSWORD for half in _halves(text)}
    printed = "\n".join(text for line in lines for text in (line.text, *line.values))
    found = {form: kind for form, kind in forms.items() if form in printed}
    problems: dict[str, str] = {}
    for line in lines if found else ():
        texts = (line.text, *line.values)
        for form, kind in found.items():
            if any(form in text for text in texts):
                problems.setdefault(f"{kind} {_message(line)}", f"{kind} in the line: {line.text[:_SHOWN]}")
    return list(problems.values())


def _forms(text: str) -> Collection[str]:
    return {text, base64.b64encode(text.encode()).decode().rstrip("=")}


def _exported(spans: Sequence[Span], secrets: Mapping[str, str]) -> Iterator[str]:
    """Spans that hold a secret."""
    texts = [(one, "\n".join((one.name, *one.attributes.values()))) for one in spans]
    exported = "\n".join(text for _, text in texts)
    found = {text: kind for text, kind in secrets.items() if text in exported}
    told: dict[str, str] = {}
    for span, shown in texts:
        for text, kind in found.items():
            if text in shown:
                told.setdefault(kind, f"{kind} in the span {span.name!r}, as {_attribute(span, text)}")
    yield from told.values()


def _attribute(span: Span, text: str) -> str:
    return next((name for name, value in span.attributes.items() if text in value), "its name")


def _halves(text: str) -> Iterator[str]:
    """Eight characters in a row from every fourth on: one of them is in whatever shows a few more, or either end."""
    yield from (text[at : at + _HALF] for at in range(0, len(text) - _HALF + 1, _HALF // 2))


def _message(line: Line) -> str:
    return str((line.fields or {}).get("message", ""))[:40]


def is_error(line: Line) -> bool:
    """True for a line of the level error or above; numbers count as in Python's logging."""
    level = _level(line)
    return level in _ERRORS or (level.isdigit() and int(level) >= 40)


def _level(line: Line) -> str:
    """The line's level in small letters; empty when it has none that is known."""
    named = {name.lower(): str(value).lower() for name, value in (line.fields or {}).items()}
    level = next((named[name] for name in _LEVEL_NAMES if name in named), "")
    return level if level in _LEVELS or level.isdigit() else ""
