"""Recognises secrets in text: keys of known forms, passwords in addresses, random values with a telling name. Pure.

What has no form, no address and no name around it is not recognised; exact values are known to the room (`room.py`).
"""

from __future__ import annotations

import functools
import math
import re
from collections import Counter
from collections.abc import Iterator, Mapping

SHORTEST = 6
"""Characters; anything shorter stands in too many innocent places."""

_TELLING = r"(?:secret|token|passw(?:or)?d|passphrase|passwd|api[_-]?key|private[_-]?key|access[_-]?key|credential)"

FORMS: tuple[tuple[tuple[str, ...], str], ...] = (
    (("sk-ant-",), r"\bsk-ant-[\w-]{16,}"),
    (("sk-",), r"\bsk-(?:proj-|svcacct-|admin-)?[\w-]{32,}"),
    (
        ("A3T", "ABIA", "ACCA", "AKIA", "ASIA"),
        r"\b(?:A3T[A-Z0-9]|ABIA|ACCA|AKIA|ASIA)[0-9A-Z]{16}\b",
    ),
    (("gho_", "ghp_", "ghr_", "ghs_", "ghu_"), r"\bgh[oprsu]_[A-Za-z0-9]{36,}"),
    (("github_pat_",), r"\bgithub_pat_\w{40,}"),
    (("glpat-", "gldt-", "glft-", "glsoat-", "glrt-"), r"\bgl(?:pat|dt|ft|soat|rt)-[\w-]{20,}"),
    (("xox",), r"\bxox[abeoprs]-[\w-]{10,}"),
    (("xapp-",), r"\bxapp-[\w-]{20,}"),
    (("hooks.slack.com/services/",), r"(?<=hooks\.slack\.com/services/)[\w/]{20,}"),
    (("k_live_", "k_test_"), r"\b[rs]k_(?:live|test)_[0-9a-zA-Z]{16,}"),
    (("whsec_",), r"\bwhsec_[A-Za-z0-9+/=]{20,}"),
    (("SG.",), r"\bSG\.[\w-]{16,}\.[\w-]{16,}"),
    (("pypi-AgE",), r"\bpypi-AgE[\w-]{50,}"),
    (("npm_",), r"\bnpm_[A-Za-z0-9]{36}"),
    (("hf_",), r"\bhf_[A-Za-z0-9]{30,}"),
    (("AIza",), r"\bAIza[\w-]{35}"),
    (("dop_v1_",), r"\bdop_v1_[a-f0-9]{64}"),
    (("AccountKey=",), r"(?<=AccountKey=)[A-Za-z0-9+/]{40,}={0,2}"),
    (("SK",), r"\bSK[a-f0-9]{32}\b"),
    ((":AA",), r"\b\d{8,10}:AA[\w-]{33}\b"),
    (("eyJ",), r"\beyJ[\w-]{10,}\.eyJ[\w-]{10,}\.[\w-]{16,}"),
)
"""Marks, one of which stands in every secret of a form or right before it, and the form.

Most texts hold none of the marks, and to look for these takes a twentieth of the time.
"""
_KEY_BLOCK = re.compile(
    r"-----BEGIN [A-Z ]*PRIVATE KEY[A-Z ]*-----(.{16,20000}?)-----END [A-Z ]*PRIVATE KEY", re.DOTALL
)
_KEY_LINE = re.compile(r"[A-Za-z0-9+/=]{8,}")
_ADDRESS = re.compile(r"\b[a-zA-Z][a-zA-Z0-9+.-]{1,30}://([^\s:/?#@\"'<>]*):([^\s/\"'<>@]{1,300})@")
_VALUE = r"('[^'\n]+'|[^\s'\",);]+)"
_PARTS = r"(?:host|hostaddr|port|user|dbname)="
_CONNECTION = re.compile(
    rf"\b{_PARTS}\S+[ \t]+(?:\w+=\S+[ \t]+){{0,8}}password={_VALUE}(?=[\s'\"]|$)"
    rf"|\bpassword={_VALUE}[ \t]+(?:\w+=\S+[ \t]+){{0,8}}{_PARTS}"
)
_NAMED = re.compile(
    rf"{_TELLING}[\w.-]{{0,30}}[\"']?[ \t]{{0,3}}[:=][ \t]{{0,3}}[\"']?"
    r"([A-Za-z0-9+/=_~!@#$%^&*-]{16,300})(?![\w(.\[])",
    re.IGNORECASE,
)
_TELLING_NAME = re.compile(rf"{_TELLING}|dsn|key$|auth", re.IGNORECASE)
_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_PLACEHOLDER = re.compile(r"[$%{<*.\[]|x+$|your|change|replace|insert|example|dummy", re.IGNORECASE)
_DUMMIES = re.compile(
    "admin|development|disabled|enabled|example|false|guest|localhost|nobody|none|null|pass|passwd|password|postgres|"
    "postgresql|production|root|secret|service|test|testing|token|true|user|username",
    re.IGNORECASE,
)
_RANDOM = 3.2
"""Bits for each character; names and words have fewer, or no digits."""


def find_secrets(text: str) -> Iterator[str]:
    """Every secret that is recognised in a text; the same one more than once where it stands more than once."""
    yield from _of_forms(text)
    for block in _KEY_BLOCK.finditer(text):
        yield from _KEY_LINE.findall(block[1].replace("\\n", "\n"))
    yield from passwords(text)
    yield from (found[1] for found in _NAMED.finditer(text) if _is_random(found[1]) and not is_dummy(found[1]))


def _of_forms(text: str) -> Iterator[str]:
    marked = tuple(form for marks, form in FORMS if any(mark in text for mark in marks))
    return (found.group() for found in _any_of(marked).finditer(text)) if marked else iter(())


@functools.lru_cache(maxsize=256)
def _any_of(forms: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile("|".join(forms))


def passwords(text: str) -> Iterator[str]:
    """The passwords of addresses (`scheme://user:password@host`) and of PostgreSQL's `host=… password=…`."""
    found = [(address[1], address[2]) for address in _ADDRESS.finditer(text)]
    found += [("", (one[1] or one[2]).strip("'")) for one in _CONNECTION.finditer(text)]
    for user, password in found:
        if password != user and not is_dummy(password):
            yield password


def secrets_of(environment: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Name and value of what an environment holds of secrets: of an address only its password."""
    for name, value in environment.items():
        if "://" in value or "password=" in value:
            yield from ((name, password) for password in passwords(value))
        elif _TELLING_NAME.search(name) and not value.startswith(("/", "~", ".")) and not is_dummy(value):
            yield name, value


def is_dummy(value: str) -> bool:
    """True for what nobody would call a secret: short, a number, or a word that examples use."""
    return len(value) < SHORTEST or value.isdecimal() or bool(_PLACEHOLDER.match(value) or _DUMMIES.fullmatch(value))


def _is_random(value: str) -> bool:
    if sum(one.isdigit() for one in value) < 2 or not any(map(str.isalpha, value)) or _UUID.fullmatch(value):
        return False
    counts = Counter(value).values()
    return -sum(count / len(value) * math.log2(count / len(value)) for count in counts) >= _RANDOM
