"""SEC-SECRETS: secrets that stand in the code, read from its syntax tree and by the patterns of well-known keys."""

from __future__ import annotations

import ast
import re
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, cast
from urllib.parse import urlsplit

from agent.binding.words import words
from agent.checklist.case import Case, Owing
from agent.checklist.pasting import shown
from agent.checklist.security.settings_files import password_in, written_settings
from agent.receipts import Receipt
from tools.scratch import scratch_folder

if TYPE_CHECKING:
    from detect_secrets.types import NamedIO

RULES: Mapping[str, str] = {
    "SEC-SECRETS": "headers: literals in the syntax tree, values in files of settings, well-known keys in every file",
}

_SECRET = frozenset({"secret", "password", "passwd", "pwd", "token", "pepper", "credential", "passphrase"})
_KEYS = frozenset({"api", "secret", "private", "signing", "jwt", "encryption", "access", "auth", "master"})
"""What stands before `key` in the name of a secret."""
_SHORTEST = 6
_SIGNING = frozenset({"encode", "decode", "new", "sign"})
_SIGNERS = frozenset({"jwt", "jose", "hmac"})
KNOWN_KEYS = (
    "ArtifactoryDetector", "AWSKeyDetector", "AzureStorageKeyDetector", "CloudantDetector", "DiscordBotTokenDetector",
    "GitHubTokenDetector", "GitLabTokenDetector", "IbmCloudIamDetector", "JwtTokenDetector", "MailchimpDetector",
    "NpmDetector", "OpenAIDetector", "PrivateKeyDetector", "PypiTokenDetector", "SendGridDetector", "SlackDetector",
    "SquareOAuthDetector", "StripeDetector", "TelegramBotTokenDetector", "TwilioKeyDetector",
)  # fmt: skip
"""Those that go by the form of a key. Entropy and names are left out: names are read from the syntax tree instead."""
_SCANNING = threading.Lock()
"""The scanner's settings are one for the whole process: two that scan at once would take away each other's."""


@dataclass(frozen=True, slots=True)
class Leak:
    """A secret in a file."""

    path: str
    line: int
    what: str

    @property
    def place(self) -> str:
        """`src/core/config.py:12`."""
        return f"{self.path}:{self.line}"


def judge_source(case: Case, owing: Owing) -> tuple[Receipt, ...]:
    """Search the worktree; what tests make up for themselves does not count, a well-known key counts everywhere."""
    files = case.workspace.read()
    leaks = sorted({*literal_secrets(files), *set_secrets(files), *known_keys(files)}, key=lambda one: one.place)
    return owing.judge(
        "SEC-SECRETS",
        [f"{one.place}: {one.what}" for one in leaks],
        ran=f"{len(files)} files searched by syntax tree and detect-secrets",
        found="no secret",
        reproduce=shown([f"{one.place}: " for one in leaks], ""),
        places=[one.place for one in leaks],
    )


def literal_secrets(files: Mapping[str, str]) -> Iterator[Leak]:
    """Literals that stand for a secret, in Python files that are no tests."""
    for path, content in files.items():
        if not path.endswith(".py") or path.startswith("tests/") or "/tests/" in path:
            continue
        try:
            tree = ast.parse(content)
        except SyntaxError:
            continue  # other gates tell
        texts = _docstrings(tree)
        for node in ast.walk(tree):
            for line, what in (*_named(node), *_handed(node), *_addresses(node, texts)):
                yield Leak(path, line, what)


def set_secrets(files: Mapping[str, str]) -> Iterator[Leak]:
    """Secrets with a value in files of settings."""
    for path, line, name, value in written_settings(files):
        if is_secret_name(name) and _counts(name, value):
            yield Leak(path, line, f"{name} is written down")
        elif password_in(value):
            yield Leak(path, line, "an address with its password")


def known_keys(files: Mapping[str, str]) -> Sequence[Leak]:
    """Keys of well-known services and private keys, in any file."""
    with _SCANNING:
        return list(_known_keys(files))


def _known_keys(files: Mapping[str, str]) -> Iterator[Leak]:
    from detect_secrets.core.scan import scan_file
    from detect_secrets.settings import get_plugins, transient_settings

    with (
        scratch_folder("secrets") as folder,
        transient_settings({"plugins_used": [{"name": name} for name in KNOWN_KEYS]}),
    ):
        # The scanner takes far longer for a line than its expressions do: it is asked where one of them fits.
        forms = [
            re.compile(one.pattern, one.flags | re.MULTILINE) for plugin in get_plugins() for one in plugin.denylist
        ]
        # Each under a name of its own: what a path of the worktree says must not decide whether it is searched.
        for number, (path, content) in enumerate(files.items()):
            copy = folder / f"{number}.txt"
            copy.write_text(_without_hashes(content), encoding="utf-8", errors="replace")
            if any(form.search(text) for text in _as_scanned(copy) for form in forms):
                for found in scan_file(str(copy)):
                    yield Leak(path, found.line_number, f"a key ({found.type})")


def _as_scanned(file: Path) -> Iterator[str]:
    """The text of a file in the forms in which the scanner goes through its lines."""
    from detect_secrets.transformers import get_transformed_file

    with file.open(encoding="utf-8") as opened:
        yield "\n".join(line.rstrip() for line in opened)
        opened.seek(0)
        settings = get_transformed_file(cast("NamedIO", opened), use_eager_transformers=True)
        yield "\n".join(line.rstrip() for line in settings or ())


def is_secret_name(name: str) -> bool:
    """True for `JWT_SECRET`, `dbPassword` and `api_key`; not for `token_type`, `password_hash` or `primary_key`."""
    said = words(name)
    if not said:
        return False
    return said[-1] in _SECRET or (said[-1] == "key" and len(said) > 1 and said[-2] in _KEYS)


def _without_hashes(content: str) -> str:
    """The lines of a lock file that hold nothing but hashes are left empty: they are many, and slow to search."""
    lines = content.splitlines()
    return "\n".join("" if line.lstrip().startswith("--hash=sha256:") else line for line in lines)


def _named(node: ast.AST) -> Iterator[tuple[int, str]]:
    """Names of secrets that are given a literal: assignments, defaults, arguments, variables with a fallback."""
    match node:
        case ast.Assign(targets=targets, value=value):
            pairs = [(target, value) for target in targets]
            yield from _literal_of([(_name(target), given) for target, given in pairs])
        case ast.AnnAssign(target=target, value=ast.expr() as value):
            yield from _literal_of([(_name(target), value)])
        case ast.FunctionDef(args=arguments) | ast.AsyncFunctionDef(args=arguments):
            late = zip(arguments.args[len(arguments.args) - len(arguments.defaults) :], arguments.defaults, strict=True)
            named = [(one.arg, value) for one, value in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)]
            given = [(name, value) for name, value in named if value is not None]
            yield from _literal_of([*((one.arg, value) for one, value in late), *given])
        case ast.Call(keywords=keywords):
            yield from _literal_of([(one.arg or "", one.value) for one in keywords])
            yield from _fallback(node)
        case ast.Dict(keys=keys, values=values):
            named_keys = zip(keys, values, strict=True)
            # A plain word beside a key is more often a type or a label than a secret.
            found = [(_text(key) or "", value) for key, value in named_keys if not (_text(value) or "").isalpha()]
            yield from _literal_of(found)


def _fallback(node: ast.Call) -> Iterator[tuple[int, str]]:
    """`os.environ.get("JWT_SECRET", "…")`: works without the setting, with a secret that everybody knows."""
    called = node.func.attr if isinstance(node.func, ast.Attribute) else _name(node.func)
    if called in ("get", "getenv", "setdefault") and len(node.args) == 2:
        name, value = _text(node.args[0]), _text(node.args[1])
        if name and value and is_secret_name(name):
            yield node.lineno, f"{name} falls back to a literal"


def _handed(node: ast.AST) -> Iterator[tuple[int, str]]:
    """A literal as the key with which something is signed."""
    match node:
        case ast.Call(func=ast.Attribute(value=ast.Name(id=module), attr=called), args=[first, *rest]):
            key = first if module == "hmac" else next(iter(rest), None)
            if module in _SIGNERS and called in _SIGNING and key is not None and _text(key):
                yield node.lineno, f"{module}.{called} is given a literal key"


def _addresses(node: ast.AST, texts: frozenset[int]) -> Iterator[tuple[int, str]]:
    """An address with a password in it."""
    if not isinstance(node, ast.Constant) or id(node) in texts:
        return
    text = _text(node)
    if text and "://" in text and "@" in text:
        try:
            secret = urlsplit(text).password
        except ValueError:
            return
        if secret and "{" not in secret and "$" not in secret:
            yield node.lineno, "an address with its password"


def _literal_of(pairs: list[tuple[str, ast.expr]]) -> Iterator[tuple[int, str]]:
    for name, value in pairs:
        text = _inner(value)
        if text is not None and is_secret_name(name) and _counts(name, text):
            yield value.lineno, f"{name} is a literal"


def _counts(name: str, text: str) -> bool:
    """Whether a text may be a secret: not the name of a setting or a field, nor a path, a template or a sentence."""
    plain = "_".join(words(text))
    named = text.isupper() or plain in "_".join(words(name)) or (text.isidentifier() and is_secret_name(text))
    return len(text) >= _SHORTEST and not named and not text.startswith("/") and "{" not in text and " " not in text


def _inner(value: ast.expr) -> str | None:
    """The literal of `"…"`, `SecretStr("…")` and `Field(default="…")`."""
    match value:
        case ast.Call(func=ast.Name(id="SecretStr" | "SecretBytes" | "Field"), args=[first, *_]):
            return _inner(first)
        case ast.Call(func=ast.Name(id="Field"), keywords=keywords):
            return next((_inner(one.value) for one in keywords if one.arg == "default"), None)
    return _text(value)


def _name(node: ast.expr) -> str:
    match node:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
        case ast.Subscript(slice=ast.Constant(value=str(name))):
            return name
    return ""


def _text(node: ast.AST | None) -> str | None:
    match node:
        case ast.Constant(value=str(text)):
            return text
        case ast.Constant(value=bytes(content)):
            return content.decode("utf-8", "replace")
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            first, second = _text(left), _text(right)
            return first + second if first and second else None
    return None


def _docstrings(tree: ast.Module) -> frozenset[int]:
    """The constants that are statements of their own: they explain."""
    return frozenset(id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr))
