"""JSON Web Tokens read without trust, and made wrong on purpose."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import random
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

_EXPIRED = 600
"""Seconds: twice as many as the most generous libraries grant to clocks that go wrong."""
_DIGESTS = {"HS256": hashlib.sha256, "HS384": hashlib.sha384, "HS512": hashlib.sha512}


@dataclass(frozen=True, slots=True)
class Token:
    """A token that says what it is; whether it is genuine nobody knows."""

    text: str
    header: Mapping[str, Any]
    claims: Mapping[str, Any]

    @property
    def algorithm(self) -> str:
        """`HS256`."""
        return str(self.header.get("alg", ""))

    def number(self, claim: str) -> float | None:
        """A claim that is a number, such as `exp`; None when it is not there or none."""
        value = self.claims.get(claim)
        return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def read_token(text: str) -> Token | None:
    """The token's parts; None for an opaque text."""
    parts = text.split(".")
    if len(parts) != 3:
        return None
    try:
        header, claims = (json.loads(_decoded(part)) for part in parts[:2])
    except (ValueError, RecursionError):
        return None
    if not isinstance(header, dict) or not isinstance(claims, dict) or "alg" not in header:
        return None
    return Token(text, header, claims)


def signing_key(token: Token, candidates: Iterable[str]) -> bytes | None:
    """The one of these texts, as it is or decoded, that signed the token; None when none of them did."""
    for text in candidates:
        for key in (text.encode(), _maybe_decoded(text)):
            if key and hmac.compare_digest(signed(token.header, token.claims, key, token.text), token.text):
                return key
    return None


def signed(header: Mapping[str, Any], claims: Mapping[str, Any], key: bytes, as_in: str = "") -> str:
    """A token of a symmetric algorithm; `as_in`: take the encoded header and claims of this token as they stand."""
    digest = _DIGESTS.get(str(header.get("alg")), hashlib.sha256)
    message = as_in.rpartition(".")[0] if as_in else f"{_part(header)}.{_part(claims)}"
    return f"{message}.{_encoded(hmac.new(key, message.encode(), digest).digest())}"


def forgeries(token: Token, other: Any, key: bytes | None, chance: random.Random) -> Iterator[tuple[str, str]]:
    """Bad tokens made from a good one: what is wrong, and the token.

    `other` is somebody else's `sub`. Expired ones are made only where the signing key is known.
    """
    head, payload, signature = token.text.split(".")
    for spelling in ("none", "None", "NONE"):
        yield f"algorithm {spelling}, no signature", f"{_part({**token.header, 'alg': spelling})}.{payload}."
    yield "no signature", f"{head}.{payload}."
    altered = {**token.claims, "sub": other} if other is not None else {**token.claims, "admin": True}
    yield "claims altered, signature kept", f"{head}.{_part(altered)}.{signature}"
    random_key = chance.randbytes(48)
    if token.algorithm in _DIGESTS:
        yield "signed by another key", signed(token.header, token.claims, random_key)
    else:
        yield "signed by another key", f"{head}.{payload}.{_encoded(chance.randbytes(len(_decoded(signature))))}"
        symmetric = {**token.header, "alg": "HS256"}
        yield "a symmetric algorithm and another key", signed(symmetric, token.claims, random_key)
    if key is not None:
        past = int(time.time()) - _EXPIRED
        told = f"expired {_EXPIRED // 60} minutes ago"
        yield told, signed(token.header, {**token.claims, "iat": past - 900, "exp": past}, key)


def _part(value: Mapping[str, Any]) -> str:
    return _encoded(json.dumps(value, separators=(",", ":")).encode())


def _encoded(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()


def _decoded(part: str) -> bytes:
    return base64.b64decode(part + "=" * (-len(part) % 4), altchars=b"-_", validate=True)


def _maybe_decoded(text: str) -> bytes:
    try:
        return _decoded(text)
    except (binascii.Error, ValueError):
        return b""
