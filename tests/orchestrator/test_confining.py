"""Code that nobody here vouches for runs without a sandbox only with consent."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent.errors import InputError
from agent.orchestrator.confining import VERIFIED, confined, stranger_in, unprotected
from agent.orchestrator.options import RunOptions
from agent.orchestrator.record import RunRecord
from agent.task.loading import load_task

_TASK = Path(__file__).parents[2] / "examples" / "bookshop" / "task.yaml"


def record(**options: object) -> RunRecord:
    given = {"models": ("offline",), "sandbox": "none", **options}
    return RunRecord.of(load_task(_TASK), RunOptions(**given))  # type: ignore[arg-type]


def test_what_the_runtime_wrote_itself_needs_no_consent() -> None:
    assert stranger_in(record()) == ""
    assert confined("none", stranger="", trusted=False).kind == "none"


@pytest.mark.parametrize(
    "stranger",
    [
        stranger_in(record(models=("anthropic:claude-sonnet-5-5",))),
        stranger_in(record().model_copy(update={"repository": Path("/srv/shop")})),
        VERIFIED,
    ],
)
def test_code_of_others_needs_it(stranger: str) -> None:
    with pytest.raises(InputError, match="--i-trust-this-code"):
        confined("none", stranger=stranger, trusted=False)
    assert confined("none", stranger=stranger, trusted=True).kind == "none"


def test_consent_is_kept_with_the_run() -> None:
    agreed = record(trusted=True)
    assert agreed.with_options(RunOptions()).trusted
    assert not record().with_options(RunOptions()).trusted
    assert record().with_options(RunOptions(trusted=True)).trusted


def test_auto_is_never_none_and_says_why() -> None:
    chosen = confined("auto", stranger=VERIFIED, trusted=False)
    assert chosen.kind in ("bubblewrap", "docker")
    assert chosen.why


def test_only_an_unprotected_run_says_so() -> None:
    assert unprotected("none")
    assert not unprotected("bubblewrap")
    assert not unprotected("docker")
