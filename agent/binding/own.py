"""The caller's own account: changing and removing it."""

from __future__ import annotations

import re

from agent.binding.fields import Written
from agent.binding.inputs import Inputs
from agent.binding.model import Action
from agent.binding.namespaces import parts_of
from agent.binding.owning import says_own
from agent.binding.paths import Step, literal_words, steps_of
from agent.binding.sessions import names_the_users, session_action
from agent.binding.words import snake
from agent.contract.model import Operation

_CHANGES = {"put": Action.REPLACE, "patch": Action.PATCH, "delete": Action.DELETE}
_CALLER = frozenset({"me", "self", "current_user", "profile"})
_BEFORE = frozenset({"user", "users", "account", "accounts", "auth"})
_SESSIONS = frozenset({"auth", "authentication", "session", "sessions", "login", "token", "tokens"})
_ACCOUNT = re.compile(r"\b(?:account|user)\b", re.IGNORECASE)


def own_account_action(inputs: Inputs, operation: Operation) -> Action | None:
    """How the operation changes the caller's own row, None when it is about something else."""
    action, steps = _CHANGES.get(operation.method), steps_of(inputs, operation)
    if action is None or inputs.users is None or not operation.protected or any(step.parameter for step in steps):
        return None
    if _is_caller(inputs, operation, steps):
        return action
    singular = len(steps) == 1 and names_the_users(inputs, steps[0])
    told = says_own(f"{operation.summary} {operation.description}") or _is_read_as_the_caller(inputs, operation)
    return action if singular and told else None


def _is_caller(inputs: Inputs, operation: Operation, steps: tuple[Step, ...]) -> bool:
    *before, last = steps
    name = literal_words(last)
    if operation.method == "delete" and _SESSIONS.intersection(map(snake, parts_of(operation.path))):
        return False  # what ends may be the session
    if name not in _CALLER or inputs.names_a_table(last.literal):
        return False
    if name == "profile" and operation.method == "delete" and not _ACCOUNT.search(operation.summary):
        return False  # a profile that is emptied need not take the account with it
    return all(literal_words(step) in _BEFORE or inputs.names_the_users(step.literal) for step in before)


def _is_read_as_the_caller(inputs: Inputs, operation: Operation) -> bool:
    """True where a GET of the same path answers the caller's own row."""
    same = [one for one in inputs.contract.operations if one.path == operation.path and one.method == "get"]
    return any(session_action(inputs, one) is Action.ME for one in same)


def keeps_secret(body: tuple[Written, ...]) -> bool:
    """True where a PUT may leave out nothing but the password, which nobody can send back: it stays then."""
    optional = [one.field for one in body if not one.given]
    return bool(optional) and all(field.secret for field in optional)
