"""Registering, logging in and out, refreshing, and who one is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from agent.binding.callers import TokenPart
from agent.binding.columns import alone_unique, column_for, short
from agent.binding.converting import TEXTS
from agent.binding.fields import answered, is_password
from agent.binding.inputs import Inputs, Users, success_shape
from agent.binding.model import Action, Envelope, Field
from agent.binding.paths import ME_WORDS, Step, literal_words, steps_of
from agent.binding.reasons import Undecided
from agent.binding.shapes import Shape
from agent.binding.words import singular, snake, words
from agent.catalog.model import Column
from agent.contract.model import Operation

_AUTH = frozenset(
    {"auth", "authentication", "session", "sessions", "identity", "security", "oauth", "oauth2", "account"}
)
_REGISTER = frozenset({"register", "registration", "registrations", "signup", "sign_up", "join"})
_LOGIN = frozenset({"login", "logon", "signin", "token", "tokens", "session", "sessions", "auth", "authenticate"})
_OTHERWISE = frozenset({"reset", "change", "forgot", "forgotten", "recover", "recovery", "verify", "confirm", "check"})
_LOGOUT = frozenset({"logout", "log_out", "signout", "sign_out"})
_PARTS = {
    "access_token": TokenPart.ACCESS,
    "token": TokenPart.ACCESS,
    "jwt": TokenPart.ACCESS,
    "auth_token": TokenPart.ACCESS,
    "bearer_token": TokenPart.ACCESS,
    "refresh_token": TokenPart.REFRESH,
    "token_type": TokenPart.TYPE,
    "expires_in": TokenPart.EXPIRES,
    "expires": TokenPart.EXPIRES,
    "access_token_expires_in": TokenPart.EXPIRES,
}
_PEOPLE = frozenset({"user", "account", "profile", "member"})
LOGIN_WORDS = frozenset({"username", "login", "identifier", "user", "email", "user_name", "email_or_username"})
"""What a login calls the property that names the user."""
_OF_PASSWORD_FLOW = frozenset({"grant_type", "scope", "client_id", "client_secret"})


@dataclass(frozen=True, slots=True)
class Session:
    """What a login, refresh or registration answers."""

    tokens: Mapping[tuple[str, ...], TokenPart]
    envelope: Envelope = Envelope()
    answer: tuple[Field, ...] = ()
    left_out: tuple[str, ...] = ()

    def path(self, part: TokenPart) -> tuple[str, ...] | None:
        """Where that part stands, None when it is not answered."""
        return next((path for path, one in self.tokens.items() if one is part), None)


def session_action(inputs: Inputs, operation: Operation) -> Action | None:
    """Which of the operations about the caller's session this is, None when it is something else."""
    last = steps_of(inputs, operation)[-1]
    if last.parameter is not None:
        return None
    name = literal_words(last)
    if operation.method == "get":
        about = name in ME_WORDS and _is_about_users(inputs, operation)
        return Action.ME if operation.protected and (about or _names_the_caller(inputs, operation)) else None
    if name in _LOGOUT and operation.method in {"post", "delete"}:
        return Action.LOGOUT
    if operation.method != "post":
        return None
    body, success = sent_shape(inputs, operation), success_shape(inputs, operation)
    properties = body.properties if body else {}
    with_password = any(is_password(one) for one in properties)
    if with_password and (name in _REGISTER or _is_open_account_list(inputs, operation)):
        return Action.REGISTER
    if success is None or TokenPart.ACCESS not in tokens_in(inputs, success).values():
        return None
    if with_password:
        return Action.LOGIN if _names_a_login(name) else None
    return Action.REFRESH if "refresh" in words(last.literal) or _presented(properties) else None


def sent_shape(inputs: Inputs, operation: Operation) -> Shape | None:
    """The body's shape, JSON first, else a form; None when there is neither."""
    if operation.body is None:
        return None
    if operation.body.json is not None:
        return inputs.shape(operation.body.json)
    forms = [schema for media, schema in operation.body.content.items() if media == "application/x-www-form-urlencoded"]
    return inputs.shape(forms[0]) if forms else None


def login_fields(inputs: Inputs, users: Users, operation: Operation) -> tuple[Field, ...]:
    """The property that names the user, and the one that carries the password."""
    body = sent_shape(inputs, operation) or Shape()
    form = operation.body is not None and operation.body.json is None
    fields: list[Field] = []
    for name in body.properties:
        if is_password(name):
            fields.append(Field(name, users.password.name, name in body.required, secret=True))
        elif not (form and snake(name) in _OF_PASSWORD_FLOW):
            fields.append(Field(name, login_column(inputs, users, name, body).name, name in body.required))
    if len(fields) != 2 or not all(one.required for one in fields):
        raise Undecided("a login needs one property that names the user and a password, both required")
    return tuple(fields)


def login_column(inputs: Inputs, users: Users, name: str, body: Shape) -> Column:
    """The unique text column that a login's property is compared with."""
    unique = alone_unique(users.table)
    texts = [column for column in users.table.columns if column.name in unique and column.base_type in TEXTS]
    column = column_for(users.table, name, inputs.shape(body.properties[name]))
    if column is not None and column in texts:
        return column
    if column is None and snake(name) in LOGIN_WORDS and len(texts) == 1:
        return texts[0]
    raise Undecided(
        f"body property `{name}` names no user: no unique text column of `{users.table.name}` stands behind it"
    )


def presented_token(inputs: Inputs, operation: Operation) -> str:
    """The body property that carries the refresh token, empty when there is no body; raises `Undecided` otherwise."""
    body = sent_shape(inputs, operation)
    if body is None:
        return ""
    found = _presented(body.properties)
    others = [name for name in body.properties if name not in found]
    if len(found) != 1 or others:
        raise Undecided("the body is not just a refresh token")
    return found[0]


@dataclass(slots=True)
class _Reading:
    """What was found so far in the answer of a login."""

    inputs: Inputs
    users: Users
    tokens: dict[tuple[str, ...], TokenPart] = field(default_factory=dict)
    person: Session | None = None
    left_out: list[str] = field(default_factory=list)

    def read(self, said: Shape, path: tuple[str, ...]) -> None:
        for name, schema in said.properties.items():
            inner, here = self.inputs.shape(schema), (*path, name)
            part = _part(inner, name)
            if part is not None:
                self.tokens[here] = part
            elif inner.is_object and singular(name) in _PEOPLE | {singular(short(self.users.table))}:
                self._read_person(inner, here)
            elif inner.is_object and len(here) < 3:
                self.read(inner, here)
            elif name in said.required:
                raise Undecided(f"answer property `{name}` is no part of a session")
            else:
                self.left_out.append(name)

    def _read_person(self, said: Shape, path: tuple[str, ...]) -> None:
        """The user, and parts of the session that stand among what is said of the user."""
        parts = {name: _part(self.inputs.shape(schema), name) for name, schema in said.properties.items()}
        tokens = {name: part for name, part in parts.items() if part and not self.users.table.column(snake(name))}
        self.tokens |= {(*path, name): part for name, part in tokens.items()}
        others = {name: schema for name, schema in said.properties.items() if name not in tokens}
        if others:
            rest = replace(said, properties=others, required=said.required - set(tokens))
            found = answered(self.inputs, self.users.table, rest)
            self.person = Session({}, Envelope(path), found.fields, found.left_out)


def session_answer(inputs: Inputs, users: Users, operation: Operation) -> Session:
    """Where the parts of the session stand in the answer; raises `Undecided` for a required property that is none."""
    reading = _Reading(inputs, users)
    reading.read(success_shape(inputs, operation) or Shape(), ())
    parts = list(reading.tokens.values())
    if parts.count(TokenPart.ACCESS) != 1 or len(set(parts)) < len(parts):
        raise Undecided("the answer does not say clearly which property is the access token")
    person = reading.person or Session({})
    return Session(reading.tokens, person.envelope, person.answer, (*reading.left_out, *person.left_out))


def tokens_in(inputs: Inputs, said: Shape, path: tuple[str, ...] = ()) -> dict[tuple[str, ...], TokenPart]:
    """Property paths of an answer that look like parts of a session."""
    found: dict[tuple[str, ...], TokenPart] = {}
    for name, schema in said.properties.items():
        inner, here = inputs.shape(schema), (*path, name)
        part = _part(inner, name)
        if part is not None:
            found[here] = part
        elif inner.is_object and len(here) < 3:
            found |= tokens_in(inputs, inner, here)
    return found


def is_token(name: str) -> bool:
    """True for the name of an access or refresh token."""
    return _PARTS.get(snake(name)) in (TokenPart.ACCESS, TokenPart.REFRESH)


def _part(said: Shape, name: str) -> TokenPart | None:
    part = _PARTS.get(snake(name))
    fitting = {"integer", "number"} if part is TokenPart.EXPIRES else {"string"}
    return part if part is not None and said.types and said.types <= fitting else None


def _presented(properties: Mapping[str, object]) -> list[str]:
    return [name for name in properties if snake(name) in {"refresh_token", "refresh"}]


def _names_a_login(name: str) -> bool:
    """True for `login`, `sign_in`, `access_token`; a password is also sent where it is changed or reset."""
    named = set(words(name))
    return bool(named & _LOGIN or name in {"log_in", "sign_in"}) and not named & _OTHERWISE


def _is_open_account_list(inputs: Inputs, operation: Operation) -> bool:
    """True for `POST /users` without credentials."""
    steps = steps_of(inputs, operation)
    named = inputs.users is not None and singular(steps[-1].literal) == singular(short(inputs.users.table))
    return named and len(steps) == 1 and not operation.protected


def names_the_users(inputs: Inputs, step: Step) -> bool:
    """True for `user`, in the singular, where the table of those who log in is `users`."""
    return inputs.users is not None and literal_words(step) == singular(short(inputs.users.table))


def _names_the_caller(inputs: Inputs, operation: Operation) -> bool:
    """True for `GET /user` that answers one object: a whole collection would be named in the plural, or listed."""
    steps, said = steps_of(inputs, operation), success_shape(inputs, operation)
    if len(steps) != 1 or not names_the_users(inputs, steps[0]):
        return False
    parts = [inputs.shape(schema) for schema in said.properties.values()] if said else []
    return any(not one.is_array for one in parts) and not any(inputs.shape(one.items or {}).is_object for one in parts)


def _is_about_users(inputs: Inputs, operation: Operation) -> bool:
    steps = steps_of(inputs, operation)
    known = _AUTH | {"user", "users"}
    table = singular(short(inputs.users.table)) if inputs.users else ""
    before = all(
        step.parameter is None and (literal_words(step) in known or singular(step.literal) == table)
        for step in steps[:-1]
    )
    tables = {singular(short(one)) for one in inputs.catalog.tables}
    return before and singular(steps[-1].literal) not in tables
