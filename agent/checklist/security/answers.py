"""SEC-HEADERS and SEC-HTTPS: the headers of every answer that anybody got, whatever its status."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence

from agent.checklist.record import Seen
from agent.checklist.security.round import curl

_SIX_MONTHS = 15_768_000
"""Seconds; below it the Mozilla HTTP Observatory does not count Strict-Transport-Security as kept."""
_SHOWN = 3
_LIMITS_CONTENT = frozenset({"default-src", "script-src", "frame-ancestors", "sandbox"})
_ANY_SCRIPT = frozenset({"*", "'unsafe-inline'", "'unsafe-eval'", "http:", "https:", "data:"})
_REFERRERS = frozenset(
    {
        "no-referrer", "origin", "origin-when-cross-origin", "same-origin", "strict-origin",
        "strict-origin-when-cross-origin", "no-referrer-when-downgrade", "unsafe-url",
    }
)  # fmt: skip
_TELLING_REFERRERS = frozenset({"unsafe-url", "no-referrer-when-downgrade"})
"""They send whole addresses to other sites."""


def header_problems(seen: Sequence[Seen]) -> tuple[list[str], Seen | None]:
    """What is missing or worthless, one line a fault with the answers that have it; and the first such answer."""
    faults: dict[str, list[Seen]] = defaultdict(list)
    for one in seen:
        for name, problem in _HEADERS.items():
            value = one.reply.headers.get(name)
            fault = f"{name} is missing" if value is None else problem(value)
            if fault:
                faults[fault].append(one)
    first = min((one for found in faults.values() for one in found), key=lambda one: len(one.target), default=None)
    return [f"{fault} {_where(found, len(seen))}" for fault, found in faults.items()], first


def transport_problems(seen: Sequence[Seen]) -> tuple[list[str], Seen | None]:
    """Answers that let a connection fall back to plain HTTP, one line a fault; and the first of them."""
    faults: dict[str, list[Seen]] = defaultdict(list)
    for one in seen:
        for fault in _transport(one):
            faults[fault].append(one)
    first = next((found[0] for found in faults.values()), None)
    return [f"{fault} {_where(found, len(seen))}" for fault, found in faults.items()], first


def reproducer(one: Seen | None) -> str:
    """The request after which it was seen, without credentials; empty when there was none."""
    if one is None:
        return ""
    named = {name: value for name, value in one.sent.items() if name.lower() not in ("authorization", "cookie")}
    return curl(one.method, one.target, [f"{name}: {value}" for name, value in named.items()])


def statuses(seen: Sequence[Seen]) -> str:
    """How many answers of each status there were."""
    counts: dict[int, int] = defaultdict(int)
    for one in seen:
        counts[one.reply.status] += 1
    return ", ".join(f"{counts[status]} × {status}" for status in sorted(counts))


def max_age(value: str) -> int:
    """Seconds of a Strict-Transport-Security value; 0 when it says none."""
    for directive in value.lower().split(";"):
        name, _, seconds = directive.partition("=")
        seconds = seconds.strip().strip('"')
        if name.strip() == "max-age" and seconds.isascii() and seconds.isdigit():
            return int(seconds)
    return 0


def _where(found: Sequence[Seen], all_of_them: int) -> str:
    examples = list(dict.fromkeys(one.told for one in sorted(found, key=lambda one: (len(one.target), one.target))))
    more = f" and {len(examples) - _SHOWN} more" if len(examples) > _SHOWN else ""
    return f"in {len(found)} of {all_of_them} answers ({statuses(found)}): {'; '.join(examples[:_SHOWN])}{more}"


def _content_policy(value: str) -> str:
    directives: Mapping[str, list[str]] = {
        words[0].lower(): words[1:] for part in value.split(";") if (words := part.split())
    }
    if not _LIMITS_CONTENT.intersection(directives):
        return f"Content-Security-Policy limits nothing ({value!r})"
    scripts = directives.get("script-src", directives.get("default-src", []))
    loose = _ANY_SCRIPT.intersection(one.lower() for one in scripts)
    return f"Content-Security-Policy allows scripts from anywhere ({', '.join(sorted(loose))})" if loose else ""


def _transport_security(value: str) -> str:
    return "" if max_age(value) else f"Strict-Transport-Security says no max-age above 0 ({value!r})"


def _sniffing(value: str) -> str:
    said = {part.strip().lower() for part in value.split(",")}
    return "" if said == {"nosniff"} else f"X-Content-Type-Options is not nosniff ({value!r})"


def _framing(value: str) -> str:
    said = {part.strip().upper() for part in value.split(",")}
    good = len(said) == 1 and said <= {"DENY", "SAMEORIGIN"}
    return "" if good else f"X-Frame-Options is neither DENY nor SAMEORIGIN ({value!r})"


def _referring(value: str) -> str:
    known = [part.strip().lower() for part in value.split(",") if part.strip().lower() in _REFERRERS]
    if not known:
        return f"Referrer-Policy is no policy ({value!r})"
    return f"Referrer-Policy sends whole addresses to others ({known[-1]})" if known[-1] in _TELLING_REFERRERS else ""


_HEADERS: Mapping[str, Callable[[str], str]] = {
    "Content-Security-Policy": _content_policy,
    "Strict-Transport-Security": _transport_security,
    "X-Content-Type-Options": _sniffing,
    "X-Frame-Options": _framing,
    "Referrer-Policy": _referring,
}


def _transport(one: Seen) -> Iterator[str]:
    value = one.reply.headers.get("strict-transport-security")
    if value is None or max_age(value) < _SIX_MONTHS:
        yield f"Strict-Transport-Security holds for less than six months ({value or 'missing'})"
    over_tls = any(name.lower() == "x-forwarded-proto" and said == "https" for name, said in one.sent.items())
    location = one.reply.headers.get("location", "")
    if over_tls and location.lower().startswith("http://"):
        yield f"a request that came over HTTPS is sent on to {location}"
    for cookie in one.reply.headers.get_list("set-cookie"):
        attributes = {part.strip().lower() for part in cookie.split(";")[1:]}
        if "secure" not in attributes:
            yield f"the cookie {cookie.partition('=')[0].strip()} is not Secure"
