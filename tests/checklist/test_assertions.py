"""Which tests could fail."""

from __future__ import annotations

import pytest

from agent.checklist.assertions import plain_name, silent_tests


def silent(body: str, *, helpers: str = "") -> bool:
    lines = body.replace("\n", "\n    ")
    return bool(silent_tests({"tests/test_a.py": f"{helpers}\nasync def test_a(client):\n    {lines}\n"}))


@pytest.mark.parametrize(
    "body",
    [
        "await client.get('/')",
        "assert True",
        "assert (1, 'always true')",
        "answer = 1\nassert answer == answer",
        "pass",
        "print(client)",
    ],
)
def test_a_test_that_cannot_fail_is_silent(body: str) -> None:
    assert silent(body)


@pytest.mark.parametrize(
    "body",
    [
        "assert (await client.get('/')).status_code == 200",
        "with pytest.raises(ValueError):\n    int('x')",
        "client.assert_called_once()",
        "for one in client:\n    assert one",
    ],
)
def test_a_test_that_can_fail_is_not(body: str) -> None:
    assert not silent(body)


def test_helpers_that_assert_are_followed() -> None:
    helpers = "def outer(x):\n    inner(x)\n\ndef inner(x):\n    assert x\n"
    assert not silent("outer(client)", helpers=helpers)
    assert silent("outer(client)", helpers=helpers.replace("assert x", "print(x)"))


def test_classes_and_parameters_of_a_test_are_left_out() -> None:
    assert plain_name("tests/test_a.py::TestA::test_b[x::y]") == "tests/test_a.py::test_b"
