"""Where the code of a run or a verification is let loose, and who has to agree to it."""

from __future__ import annotations

from agent.errors import InputError, MissingDependency
from agent.orchestrator.options import in_words
from agent.orchestrator.record import RunRecord
from tools.errors import SandboxUnavailable
from tools.sandbox.base import SandboxChoice, SandboxKind
from tools.sandbox.choosing import Chosen, choose_sandbox

VERIFIED = "somebody else wrote the code of this folder"


def confined(choice: SandboxChoice, *, stranger: str, trusted: bool) -> Chosen:
    """The sandbox that is used. `stranger`: why nobody here vouches for the code; empty when the runtime wrote it all.

    Raises InputError when such code would run without a sandbox and the user did not agree, MissingDependency when the
    sandbox asked for does not work here.
    """
    if choice == "none" and stranger and not trusted:
        raise InputError(
            f"--sandbox none: {stranger}, and it would run with all rights of this user. "
            "Give --i-trust-this-code as well, or leave --sandbox to auto"
        )
    try:
        return choose_sandbox(choice)
    except SandboxUnavailable as error:
        raise MissingDependency(str(error)) from error


def unprotected(kind: SandboxKind) -> tuple[str, ...]:
    """What the report says about a run without a sandbox."""
    said = "The delivered code ran without a sandbox while it was checked: --sandbox none."
    return (said,) if kind == "none" else ()


def stranger_in(record: RunRecord) -> str:
    """Who beside the runtime has a hand in the code of a run; empty when nobody has."""
    if record.models:
        return f"{in_words(record.models)} writes code"
    return f"{record.repository} brings code along" if record.repository else ""
