"""Security schemes as dependencies."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from agent.binding.callers import Proof
from agent.contract.model import Contract, Operation, SecurityScheme
from agent.stacks.python_fastapi.blueprint.naming import Names, pascal, snake
from agent.stacks.python_fastapi.blueprint.text import literal


@dataclass(frozen=True, slots=True)
class Scheme:
    """One way to send credentials."""

    name: str
    variable: str
    source: str
    """Expression that makes FastAPI's scheme."""
    token: str
    """Expression that takes the token out of what the scheme gives, called `credentials`."""
    type: str
    proof: Proof
    cookie: bool = False
    """A browser sends it along, whichever page asks."""


@dataclass(frozen=True, slots=True)
class Dependency:
    """A function that gives the caller."""

    alias: str
    function: str
    schemes: tuple[Scheme, ...]
    optional: bool
    nameless: bool = False
    """Some callers come with a key that does not say whose it is."""
    scopes: tuple[str, ...] = ()
    """What the caller's token must name."""

    @property
    def maybe(self) -> bool:
        """Whether it may give nobody."""
        return self.optional or self.nameless


@dataclass
class Credentials:
    """The dependencies that the operations need, made when the first operation asks."""

    contract: Contract
    proofs: Mapping[str, Proof] = field(default_factory=dict)
    """Scheme → what it carries; whatever is not here is taken for a token."""
    nameless_keys: bool = False
    """API keys do not say whose they are, although there are users."""
    scopes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Operation → what tokens must name for it."""
    dependencies: dict[tuple[tuple[str, ...], bool, tuple[str, ...]], Dependency] = field(default_factory=dict)
    schemes: dict[str, Scheme] = field(default_factory=dict)
    _names: Names = field(default_factory=Names)
    _variables: Names = field(default_factory=Names)

    def nameless(self, operation: Operation) -> bool:
        """Whether the operation takes keys that do not say whose they are."""
        asked = {self.proofs.get(name) for names in operation.security for name in names}
        return self.nameless_keys and Proof.KEY in asked

    def uses(self, proof: Proof) -> bool:
        """Whether callers may come with it."""
        return any(one.proof is proof for one in self.schemes.values())

    def dependency(self, operation: Operation) -> str:
        """Alias of the dependency that gives the operation's caller; empty for an operation open to all."""
        wanted = tuple(dict.fromkeys(name for alternative in operation.security for name in sorted(alternative)))
        known = tuple(name for name in wanted if name in self.contract.security_schemes)
        if not known:
            return ""
        scopes = self.scopes.get(operation.key, ())
        key = (known, not operation.protected, scopes)
        if key not in self.dependencies:
            nameless = self.nameless(operation)
            base = "OptionalCaller" if key[1] or nameless else "CurrentCaller"
            base += f"With{pascal('_and_'.join(scopes))}" if scopes else ""
            taken = any((one.maybe, one.scopes) == (key[1] or nameless, scopes) for one in self.dependencies.values())
            alias = self._names.take(f"{base}By{pascal('_or_'.join(known))}" if taken else base)
            schemes = tuple(self._scheme(name) for name in known)
            self.dependencies[key] = Dependency(alias, snake(alias), schemes, key[1], nameless, scopes)
        return self.dependencies[key].alias

    def _scheme(self, name: str) -> Scheme:
        if name not in self.schemes:
            found = self.contract.security_schemes[name]
            proof = self.proofs.get(name, Proof.TOKEN)
            source, token, kind = _spelt(found)
            variable, cookie = self._variables.take(f"_{snake(name)}"), found.location == "cookie"
            self.schemes[name] = Scheme(name, variable, source, token, kind, proof, cookie)
        return self.schemes[name]


def _spelt(scheme: SecurityScheme) -> tuple[str, str, str]:
    name = f"scheme_name={literal(scheme.name)}, auto_error=False"
    match scheme.kind:
        case "http" if scheme.scheme.lower() == "basic":
            return f"HTTPBasic({name})", "credentials", "HTTPBasicCredentials"
        case "http" if scheme.scheme in ("", "bearer"):
            return f"HTTPBearer({name})", "credentials.credentials", "HTTPAuthorizationCredentials"
        case "http":
            source = f"HTTPBase(scheme={literal(scheme.scheme)}, {name})"
            return source, "credentials.credentials", "HTTPAuthorizationCredentials"
        case "apiKey":
            kind = {"query": "APIKeyQuery", "cookie": "APIKeyCookie"}.get(scheme.location, "APIKeyHeader")
            named = scheme.location == "header" and scheme.parameter.lower() == "authorization"
            token = f"credentials{'.rpartition(" ")[2]' if named else '.removeprefix("Bearer ")'}"
            return f"{kind}(name={literal(scheme.parameter or 'Authorization')}, {name})", token, "str"
        case "oauth2" if scheme.token_url:
            return f"OAuth2PasswordBearer(tokenUrl={literal(scheme.token_url)}, {name})", "credentials", "str"
        case "openIdConnect":
            token = 'credentials.removeprefix("Bearer ")'
            return f'OpenIdConnect(openIdConnectUrl="/", {name})', token, "str"
    return f"HTTPBearer({name})", "credentials.credentials", "HTTPAuthorizationCredentials"
