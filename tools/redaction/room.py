"""The one room where secrets are known, and through which everything goes that is kept, shown or sent.

A secret is replaced by a mark, `[[secret 3]]` or `[[secret ANTHROPIC_API_KEY]]`, the same one while the process lives.
The room is the process's, as its environment is: an error is told by code that knows nothing of a run.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from hashlib import blake2b
from urllib.parse import quote, quote_plus

from tools.errors import Refused
from tools.redaction.finding import find_secrets, is_dummy, secrets_of

_MARK = re.compile(r"\[\[secret [\w.]+\]\]")
_LONG = 12
"""Characters from which on a value is replaced also in the middle of a word."""
_SHORT, _REMEMBERED = 500, 20_000
"""Characters of a text that is remembered as it is, and how many texts are."""


class Room:
    """The secrets that are known, and their marks."""

    def __init__(self) -> None:
        self._marks: dict[str, str] = {}
        self._known: re.Pattern[str] | None = None
        self._clean: set[str | bytes] = set()
        """Texts that were looked through and hold nothing that is known by now; of long ones the hash."""

    def know_environment(self, environment: Mapping[str, str]) -> None:
        """Learn the secrets among these variables."""
        for name, value in secrets_of(environment):
            self.know(value, name)

    def know(self, secret: str, name: str = "") -> None:
        """Learn one value, and how it is written in addresses and in JSON. `name` stands in its mark."""
        if is_dummy(secret):
            return
        written = (secret, quote(secret, safe=""), quote_plus(secret), json.dumps(secret)[1:-1])
        for form in dict.fromkeys(written):
            if form not in self._marks:
                named = f"[[secret {name}]]"
                free = name and named not in self._marks.values()
                self._marks[form] = named if free else f"[[secret {len(self._marks) + 1}]]"
                self._known = None
                self._clean.clear()

    def learn(self, text: str) -> None:
        """Learn the secrets that are recognised in a text."""
        for secret in find_secrets(text):
            self.know(secret)

    def redact(self, text: str) -> str:
        """The text with a mark in place of every secret that is known, or recognised in it."""
        key = _key(text)
        if key in self._clean:
            return text
        self.learn(text)
        if self._known is None:
            self._known = self._pattern()
        redacted = self._known.sub(lambda found: self._marks[found.group()], text)
        if redacted == text and len(self._clean) < _REMEMBERED:
            self._clean.add(key)
        return redacted

    def redact_all[Value](self, value: Value) -> Value:
        """The same for every text in lists, tuples and dictionaries; whatever else stays as it is."""
        return _mapped(value, self.redact)

    def restore(self, text: str, before: str, place: str) -> str:
        """What a writer meant who was shown a file with marks: the secrets of that file in place of their marks.

        `before` is the file as it is. Raises Refused for the mark of a secret that is not in it: a secret is never
        carried from one place to another.
        """

        def secret(found: re.Match[str]) -> str:
            for one in self._with(found.group()):
                if one in before:
                    return one
            if found.group() in before:
                return found.group()
            raise Refused(
                f"{place}: {found.group()} stands for a secret that is not in this file, and is not written there; "
                "let the code read it from the settings"
            )

        return _MARK.sub(secret, text)

    def _with(self, mark: str) -> Iterator[str]:
        return (secret for secret, one in self._marks.items() if one == mark)

    def _pattern(self) -> re.Pattern[str]:
        longest_first = sorted(self._marks, key=len, reverse=True)
        return re.compile("|".join(map(_exactly, longest_first)) or r"(?!)")


def _key(text: str) -> str | bytes:
    """Under which a text is remembered: a conversation is looked through again each time that it is sent."""
    return text if len(text) <= _SHORT else blake2b(text.encode(errors="surrogatepass"), digest_size=16).digest()


def _exactly(secret: str) -> str:
    return re.escape(secret) if len(secret) >= _LONG else rf"(?<![A-Za-z0-9]){re.escape(secret)}(?![A-Za-z0-9])"


def _mapped[Value](value: Value, change: Callable[[str], str]) -> Value:
    changed: object = value
    match value:
        case str() if type(value) is str:
            changed = change(value)
        case dict():
            changed = {_mapped(key, change): _mapped(inner, change) for key, inner in value.items()}
        case list():
            changed = [_mapped(inner, change) for inner in value]
        case tuple() if type(value) is tuple:
            changed = tuple(_mapped(inner, change) for inner in value)
    return changed  # type: ignore[return-value]  # of the same shape, which types cannot say


room = Room()
"""The process's."""
