"""Strings for samples: plausible for their name, valid for format, pattern and length, distinct for distinct seeds."""

from __future__ import annotations

import base64
import random
import re
import uuid
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from agent.contract.patterns import compiled

_DAY = datetime(2024, 1, 15, 9, 30, tzinfo=UTC)
_NAMESPACE = uuid.UUID("6f1f5f3e-52f0-4c53-9a3e-0d3f7c1f2b11")
_ATTEMPTS = 300
_MAX_PADDING = 100_000


class NoText(Exception):
    """No text that fits was found; the message says for what."""


def text(schema: Mapping[str, Any], name: str, seed: int) -> str:
    """A string for this schema. Raises NoText."""
    shortest, longest = int(schema.get("minLength", 0)), schema.get("maxLength")
    pattern = schema.get("pattern")
    made_by = _FORMATS.get(str(schema.get("format", "")))
    if isinstance(pattern, str):
        return _patterned(pattern, shortest, longest, name, seed, made_by)
    if made_by is not None:
        made = made_by(name, seed)
        return made if shortest <= len(made) and (longest is None or len(made) <= longest) else _stretched(made, schema)
    return _fitted(_plausible(name, seed), shortest, longest, seed)


def _plausible(name: str, seed: int) -> str:
    words = re.findall(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+", name) or ["text"]
    last = words[-1].lower()
    if last in {"email", "mail"}:
        return _email(name, seed)
    if last in {"url", "uri", "link", "website", "href"}:
        return _uri(name, seed)
    if last in {"phone", "mobile", "telephone"}:
        return f"+1555{1000000 + seed}"
    if last in {"password", "secret"}:
        return _password(name, seed)
    spoken = " ".join(word.lower() for word in words).capitalize()
    return f"{spoken} {seed}" if seed else spoken


def _fitted(made: str, shortest: int, longest: int | None, seed: int) -> str:
    if longest is not None and len(made) > longest:
        tail = _base36(seed)
        made = (made[: max(longest - len(tail), 0)] + tail)[-longest:] if longest else ""
    if shortest > _MAX_PADDING:
        raise NoText(f"a text of {shortest:,} characters")
    return made + "".join("abcdefghij"[index % 10] for index in range(shortest - len(made)))


def _stretched(made: str, schema: Mapping[str, Any]) -> str:
    """The same with another length, for formats that leave room before an `@`, behind a path, or inside data."""
    shortest, longest = int(schema.get("minLength", 0)), schema.get("maxLength")
    local, at, domain = made.partition("@")
    if at and (longest is None or longest >= len(domain) + 2):
        room = max(shortest, min(len(made), longest or len(made))) - len(domain) - 1
        return (local[-room:]).ljust(room, "a") + at + domain
    if schema.get("format") in {"byte", "base64"}:
        groups = max(-(-shortest // 4), min(len(made), longest or len(made)) // 4)
        return base64.b64encode(base64.b64decode(made).ljust(groups * 3, b".")[: groups * 3]).decode()
    if "://" in made or schema.get("format") == "password":
        return made[:longest].ljust(shortest, "a")
    raise NoText(f"a {schema.get('format')} of {shortest} to {longest} characters")


def _patterned(
    pattern: str, shortest: int, longest: int | None, name: str, seed: int, made_by: Callable[[str, int], str] | None
) -> str:
    matches = compiled(pattern)
    for candidate in _candidates(pattern, shortest, name, seed, made_by):
        fits = shortest <= len(candidate) and (longest is None or len(candidate) <= longest)
        if fits and matches(candidate):
            return candidate
    raise NoText(f"a text that matches {pattern}")


def _candidates(
    pattern: str, shortest: int, name: str, seed: int, made_by: Callable[[str, int], str] | None
) -> Iterator[str]:
    if made_by is not None:
        yield made_by(name, seed)
    spoken = _plausible(name, seed)
    slug = re.sub(r"[^a-z0-9]+", "-", spoken.lower()).strip("-")
    letters = "".join(chr(ord("a") + int(digit)) for digit in str(seed))
    yield from (spoken, slug, slug.replace("-", "_"), f"{name}{letters}", _password(name, seed), _email(name, seed))
    yield from (_fitted(slug, shortest, None, seed), _uri(name, seed))
    yield from _generated(_pythonic(pattern), shortest, seed)


def _generated(pattern: str, shortest: int, seed: int) -> Iterator[str]:
    import rstr

    class Brief(rstr.Rstr):
        """Repeats little more often than it must."""

        extra = 0

        def _handle_repeat(self, start_range: int, end_range: Any, value: str) -> str:
            made: str = super()._handle_repeat(start_range, min(int(end_range), start_range + self.extra), value)
            return made

    for attempt in range(_ATTEMPTS):
        source = Brief(random.Random(f"{seed}/{attempt}"), any="abcdefghijklmnopqrstuvwxyz0123456789")
        source.extra = 1 + attempt % 8 if attempt % 3 else max(1, shortest)
        try:
            yield source.xeger(pattern)
        except (re.error, KeyError, ValueError, NotImplementedError, RecursionError, IndexError):
            return


def _pythonic(pattern: str) -> str:
    """The pattern in Python's dialect, narrowed to ASCII: enough to generate from, since every result is matched."""
    made = re.sub(r"\(\?<(?![=!])", "(?P<", pattern)
    for names, letters in (("L|Letter|Alphabetic", "A-Za-z"), ("Lu", "A-Z"), ("Ll", "a-z"), ("N|Nd", "0-9")):
        made = re.sub(rf"\[\\p\{{(?:{names})\}}\]", f"[{letters}]", made)
        made = re.sub(rf"(\[[^\]]*)\\p\{{(?:{names})\}}", rf"\g<1>{letters}", made)
        made = re.sub(rf"\\p\{{(?:{names})\}}", f"[{letters}]", made)
    return made


def _email(_: str, seed: int) -> str:
    return f"reader{seed or ''}@example.com"


def _uri(name: str, seed: int) -> str:
    return f"https://example.com/{re.sub(r'[^a-z0-9]+', '-', name.lower()) or 'page'}{f'/{seed}' if seed else ''}"


def _password(_: str, seed: int) -> str:
    return f"Correct-Horse-{7 + seed}!"


def _base36(number: int) -> str:
    digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    made = ""
    while number or not made:
        number, rest = divmod(number, 36)
        made = digits[rest] + made
    return made


def _base64(name: str, seed: int) -> str:
    return base64.b64encode(f"{name or 'data'} {seed}".encode()).decode()


_FORMATS: Mapping[str, Callable[[str, int], str]] = {
    "uuid": lambda name, seed: str(uuid.UUID(bytes=uuid.uuid5(_NAMESPACE, f"{name}/{seed}").bytes, version=4)),
    "email": _email,
    "idn-email": _email,
    "date": lambda _, seed: (_DAY + timedelta(days=seed % 300_000)).date().isoformat(),
    "date-time": lambda _, seed: (_DAY + timedelta(minutes=seed % 100_000_000)).isoformat().replace("+00:00", "Z"),
    "time": lambda _, seed: (_DAY + timedelta(minutes=seed % 100_000_000)).strftime("%H:%M:%SZ"),
    "decimal": lambda _, seed: f"{1 + seed // 100 % 1_000}.{seed % 100:02d}",
    "duration": lambda _, seed: f"PT{30 + seed}M",
    "uri": _uri,
    "url": _uri,
    "iri": _uri,
    "uri-reference": _uri,
    "hostname": lambda _, seed: f"host{seed or ''}.example.com",
    "idn-hostname": lambda _, seed: f"host{seed or ''}.example.com",
    "ipv4": lambda _, seed: f"192.0.{seed // 250 % 250}.{1 + seed % 250}",
    "ip": lambda _, seed: f"192.0.{seed // 250 % 250}.{1 + seed % 250}",
    "ipv6": lambda _, seed: f"2001:db8::{1 + seed % 65_000:x}",
    "byte": _base64,
    "base64": _base64,
    "password": _password,
}
