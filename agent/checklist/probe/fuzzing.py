"""Contract fuzzing: requests that keep the document and requests that break it, until the time is over.

The requests are made by schemathesis from the supplied document, some at the bounds of each schema and some by chance.
What breaks the service is shrunk to its smallest form.
"""

from __future__ import annotations

import secrets
import shlex
import socket
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.cookiejar import DefaultCookiePolicy
from pathlib import Path
from typing import TYPE_CHECKING, Any

from agent.checklist.probe.judging import declared_answer
from agent.checklist.probe.requests import Request
from agent.checklist.running import CALLERS, HOST, ORIGIN
from agent.contract.model import Contract

if TYPE_CHECKING:
    import requests
    from schemathesis import Case

    Attempt = Case[Any]

_SHRINKING = 2.0
"""Seconds for which one failure is made smaller."""
_EXAMPLES = 100_000
_LEAST = 5
"""Requests that every operation gets, however little its share of the time is."""
_OWN_SHARE = 0.4
"""Of the time, on a quiet machine, that goes into making requests and reading answers rather than into waiting."""
_PATIENCE = 1.5
"""How much longer, in shares of the time, it may take on a busy machine."""
_ANSWER_SECONDS = 10.0
_HIDDEN_HEADERS = ("X-Schemathesis-TestCaseId",)
_OF_THE_CLIENT = frozenset({"user-agent", "accept-encoding", "connection", "content-length", "accept", "host"})
_TOO_MANY = 429
_DETAIL = 300


@dataclass(frozen=True, slots=True)
class Failure:
    """One way in which an operation does not keep its document."""

    title: str
    """The same for the same failure of another operation."""
    detail: str
    reproduce: str
    size: int = 0


@dataclass(frozen=True, slots=True)
class Target:
    """An operation to be fuzzed, as somebody who may call it."""

    request: Request
    """A good request: its path leads to what exists, its credentials are valid."""
    weight: float
    """Its share of the time, beside those of the others."""

    @property
    def key(self) -> str:
        """`GET /books`."""
        return self.request.operation.key


@dataclass(slots=True)
class Fuzzed:
    """What was seen of one operation."""

    asked: int = 0
    failures: dict[str, Failure] = field(default_factory=dict)
    skipped: str = ""
    """Why no request could be made; empty when some were."""

    def note(self, failure: Failure) -> None:
        """Keep the smallest request of each failure."""
        known = self.failures.get(failure.title)
        if known is None or failure.size < known.size:
            self.failures[failure.title] = failure


Operations = dict[str, Any] | str
"""Operation key → schemathesis' operation, or why there is none; a text says why there are none at all."""


def fuzz(
    contract: Contract,
    socket_file: Path,
    targets: Sequence[Target],
    *,
    seconds: float,
    seed: int,
    operations: Operations,
) -> dict[str, Fuzzed]:
    """Fuzz each operation for its share of the time. Blocks, and keeps a processor busy."""
    found = {target.key: Fuzzed() for target in targets}
    if isinstance(operations, str):
        for one in found.values():
            one.skipped = operations
        return found
    if seconds <= 0:
        return found
    whole = sum(target.weight for target in targets) or 1.0
    with _session(socket_file) as session:
        for number, target in enumerate(targets):
            operation = operations.get(target.key)
            if operation is None or isinstance(operation, str):
                found[target.key].skipped = str(operation or "the document's part on it cannot be fuzzed")
                continue
            fuzzer = _Fuzzer(contract, target, operation, session, found[target.key], seed + number)
            fuzzer.run(seconds * target.weight / whole)
    return found


def operations_of(contract: Contract) -> Operations:
    """What schemathesis makes of the contract's document."""
    from schemathesis.errors import SchemathesisError

    try:
        return _operations(contract)
    except SchemathesisError as error:
        return f"the document cannot be fuzzed: {error}"


def _operations(contract: Contract) -> dict[str, Any]:
    import schemathesis
    from schemathesis.core.result import Ok

    schema = schemathesis.openapi.from_dict(_without_security(contract.document))
    found: dict[str, Any] = {}
    for result in schema.get_all_operations():
        if isinstance(result, Ok):
            found[result.ok().label] = result.ok()
        else:
            error = result.err()
            found[f"{str(error.method).upper()} {error.path}"] = str(error)
    return found


def _without_security(document: Mapping[str, Any]) -> dict[str, Any]:
    """The document as for somebody who has credentials already: they are not to be fuzzed."""
    bare = {name: value for name, value in document.items() if name != "security"}
    bare["paths"] = {path: _open(item) for path, item in document.get("paths", {}).items()}
    return bare


def _open(item: Any) -> Any:
    if not isinstance(item, Mapping):
        return item
    return {
        name: {key: one for key, one in value.items() if key != "security"} if isinstance(value, Mapping) else value
        for name, value in item.items()
    }


class _Enough(BaseException):
    """The time is over. Not an Exception, so that nobody takes it for a failure of what is tested."""


class _Found(AssertionError):
    """The service did not keep the document."""


@dataclass(slots=True)
class _Fuzzer:
    """Fuzzes one operation."""

    contract: Contract
    target: Target
    operation: Any
    session: requests.Session
    found: Fuzzed
    seed: int
    _until: float = 0.0
    _worked: float = 0.0
    """Seconds of this thread's own work after which it is enough."""
    _last: float = 0.0
    """When it ends, however little was done: neighbours can keep the machine busy."""
    _title: str = ""
    """The failure that is being made smaller."""

    def run(self, seconds: float) -> None:
        """At the bounds first, in random order, then by chance until the time is over."""
        from hypothesis.errors import HypothesisException
        from schemathesis.errors import SchemathesisError

        self._until = time.monotonic() + seconds
        self._worked = time.thread_time() + seconds * _OWN_SHARE
        self._last = self._until + seconds * _PATIENCE
        try:
            self._bounds()
            while not self._over():
                self._title = ""
                if not self._explore():
                    return
        except _Enough:
            return
        except (HypothesisException, SchemathesisError, RecursionError) as error:
            if not self.found.asked:
                self.found.skipped = f"no request could be made: {error}"

    def _over(self) -> bool:
        now = time.monotonic()
        enough = now > self._last or (now > self._until and time.thread_time() > self._worked)
        return enough and self.found.asked >= _LEAST

    def _bounds(self) -> None:
        from random import Random

        from schemathesis import GenerationMode

        schema = self.operation.schema
        attempts = schema.iter_coverage_cases(
            self.operation,
            generation_modes=[GenerationMode.POSITIVE, GenerationMode.NEGATIVE],
            generation_config=schema.config.generation_for(operation=self.operation),
        )
        chosen = [one for one in attempts if one.method.lower() == self.operation.method.lower()]
        Random(self.seed).shuffle(chosen)
        for attempt in chosen:
            self._try(attempt)

    def _explore(self) -> bool:
        """One run of hypothesis: up to the next new failure, which is then shrunk; False when there is no more."""
        import hypothesis
        from hypothesis import HealthCheck, Phase, Verbosity
        from schemathesis import GenerationMode

        strategies = [self.operation.as_strategy(generation_mode=mode) for mode in GenerationMode]

        @hypothesis.seed(self.seed + len(self.found.failures))
        @hypothesis.settings(
            max_examples=_EXAMPLES,
            deadline=None,
            database=None,
            phases=(Phase.generate, Phase.shrink),
            suppress_health_check=list(HealthCheck),
            report_multiple_bugs=False,
            verbosity=Verbosity.quiet,
        )
        @hypothesis.given(attempt=hypothesis.strategies.one_of(*strategies))
        def attempts(attempt: Attempt) -> None:
            known = set(self.found.failures)
            for title in self._try(attempt):
                if title == self._title or (not self._title and title not in known):
                    self._begin_shrinking(title)
                    raise _Found(title)

        try:
            attempts()
        except (_Found, hypothesis.errors.Flaky, BaseExceptionGroup):
            return True
        return False

    def _begin_shrinking(self, title: str) -> None:
        if not self._title:
            self._title = title
            self._until = max(self._until, time.monotonic() + _SHRINKING)
            self._last = max(self._last, self._until)

    def _try(self, attempt: Attempt) -> list[str]:
        """Send one request; the titles of what is wrong with its answer."""
        if self._over():
            raise _Enough
        self._lead(attempt)
        self.found.asked += 1
        failures = list(_judged(self.target, self.contract, attempt, self.session))
        for failure in failures:
            self.found.note(failure)
        return [failure.title for failure in failures]

    def _lead(self, attempt: Attempt) -> None:
        """Lead a path that is not itself what is fuzzed to what exists, most of the time."""
        from schemathesis.core.parameters import ParameterLocation

        part = attempt.meta.components.get(ParameterLocation.PATH) if attempt.meta else None
        if self.target.request.path_values and (part is None or part.mode.is_positive) and self.found.asked % 4:
            attempt.path_parameters = dict(self.target.request.path_values)


def _judged(target: Target, contract: Contract, attempt: Attempt, session: requests.Session) -> Iterator[Failure]:
    import requests

    try:
        response = attempt.call(
            base_url=ORIGIN + contract.base_path,
            session=session,
            headers={"User-Agent": secrets.choice(CALLERS), **target.request.credential_headers},
            params=target.request.credential_query or None,
            timeout=_ANSWER_SECONDS,
        )
    except (requests.RequestException, OSError) as error:
        yield Failure("no answer", f"no answer: {type(error).__name__}", repr(attempt)[:400])
        return
    line = curl(response.request, target.request)
    size = len(line)
    if response.status_code >= 500:
        detail = f"{response.status_code} {response.text[:200]}"
        yield Failure(f"answers {response.status_code}", detail, line, size)
    elif response.status_code != _TOO_MANY:
        for title, detail in (*_undeclared(target, response.status_code), *_faults(attempt, response)):
            yield Failure(title, f"{response.status_code}: {detail}", line, size)


def _undeclared(target: Target, status: int) -> Iterator[tuple[str, str]]:
    """A success that the document lacks; refusals that every framework gives are not held against a service."""
    operation = target.request.operation
    if status < 400 and declared_answer(operation, status) is None:
        declared = ", ".join(answer.status for answer in operation.answers)
        yield "a status that is not declared", f"the document has {declared}"


def _faults(attempt: Attempt, response: Any) -> Iterator[tuple[str, str]]:
    """What schemathesis finds wrong with an answer: title and detail."""
    from schemathesis.core.failures import FailureGroup
    from schemathesis.specs.openapi import checks

    wanted = [
        checks.content_type_conformance,
        checks.response_headers_conformance,
        checks.response_schema_conformance,
        checks.negative_data_rejection,
    ]
    try:
        attempt.validate_response(response, checks=wanted)
    except FailureGroup as group:
        for failure in group.exceptions:
            yield str(getattr(failure, "title", failure)), " ".join(str(failure).split())[:_DETAIL]


def curl(sent: Any, good: Request) -> str:
    """A prepared request as a line to paste; credentials are shown by name alone."""
    parts = ["curl", "-i", "--unix-socket", '"$SOCKET"', "-X", str(sent.method)]
    for name, value in sent.headers.items():
        if name in good.credentials:
            parts += ["-H", f'"{name}: $CREDENTIALS"']
        elif name.lower() not in _OF_THE_CLIENT:
            parts += ["-H", shlex.quote(f"{name}: {value}")]
    if sent.body:
        body = sent.body.decode("utf-8", "replace") if isinstance(sent.body, bytes) else str(sent.body)
        parts += ["--data-binary", shlex.quote(body)]
    line = " ".join([*parts, shlex.quote(str(sent.url))])
    for secret in good.secrets:
        line = line.replace(secret, "$SECRET")
    return line


@contextmanager
def _session(socket_file: Path) -> Iterator[requests.Session]:
    """A client whose every connection leads to this socket, without cookies, proxies or a sign of who is asking."""
    import requests
    from requests.adapters import HTTPAdapter
    from urllib3 import HTTPConnectionPool
    from urllib3.connection import HTTPConnection

    class Connection(HTTPConnection):
        def _new_conn(self) -> socket.socket:
            made = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            made.settimeout(_ANSWER_SECONDS)
            made.connect(str(socket_file))
            return made

    class Pool(HTTPConnectionPool):
        ConnectionCls = Connection

    class Adapter(HTTPAdapter):
        def get_connection_with_tls_context(self, *_: Any, **__: Any) -> HTTPConnectionPool:
            return pool

        def send(self, request: requests.PreparedRequest, *arguments: Any, **named: Any) -> requests.Response:
            for name in _HIDDEN_HEADERS:
                request.headers.pop(name, None)
            return super().send(request, *arguments, **named)

    name, _, port = HOST.partition(":")
    pool = Pool(name, int(port), maxsize=1)
    with requests.Session() as session:
        session.trust_env = False
        session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        session.mount(ORIGIN, Adapter())
        yield session
    pool.close()
