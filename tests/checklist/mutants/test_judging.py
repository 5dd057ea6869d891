"""When too few mutants are noticed, and which tests hold whatever the code does."""

from __future__ import annotations

import pytest

from agent.checklist.honesty import dishonest_tests
from agent.checklist.mutants.judging import too_few


@pytest.mark.parametrize(
    ("killed", "survived"), [(0, 0), (0, 1), (1, 0), (3, 1), (57, 3), (54, 6), (50, 10), (900, 100), (4500, 500)]
)
def test_shares_that_chance_can_explain_do_not_fail(killed: int, survived: int) -> None:
    assert not too_few(killed, survived)


@pytest.mark.parametrize(("killed", "survived"), [(0, 3), (4, 6), (40, 20), (73, 22), (850, 150)])
def test_shares_that_no_good_suite_has_fail(killed: int, survived: int) -> None:
    assert too_few(killed, survived)


def told(body: str) -> list[str]:
    lines = body.replace("\n", "\n    ")
    return dishonest_tests({"tests/test_a.py": f"async def test_a(client):\n    {lines}\n"})


@pytest.mark.parametrize(
    ("body", "why"),
    [
        ("assert 'a' in ('a', 'b'), client", "asserts nothing that could fail"),
        ("with pytest.raises(Exception):\n    client()", "takes any failure for the expected one"),
        ("with contextlib.suppress(AssertionError):\n    assert client()", "swallows its own failure"),
        ("try:\n    assert client()\nexcept Exception:\n    pass", "swallows its own failure"),
        ("try:\n    assert client()\nexcept:\n    print(client)", "swallows its own failure"),
    ],
)
def test_tests_that_hold_whatever_the_code_does(body: str, why: str) -> None:
    assert len(told(body)) == 1
    assert why in told(body)[0]


@pytest.mark.parametrize(
    "body",
    [
        "assert client() == 1",
        "with pytest.raises(ValueError):\n    client()",
        "with pytest.raises(Exception, match='no'):\n    client()",
        "try:\n    assert client()\nexcept Exception:\n    raise",
        "try:\n    client()\nexcept ValueError:\n    pass\nassert client.done",
    ],
)
def test_tests_that_can_fail(body: str) -> None:
    assert not told(body)
