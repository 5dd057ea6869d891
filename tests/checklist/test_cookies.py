"""Sessions kept in cookies: the good service, where callers may also be known by one, whole and with defects."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import httpx
import pytest

from agent.binding.deriving import bind
from agent.checklist.booted import Bench
from agent.checklist.case import Case, Owing
from agent.checklist.headers import opened
from agent.checklist.pasting import NOT_APPLICABLE
from agent.checklist.record import Record, Reply, Seen
from agent.checklist.security.cookies import cookie_problems, judge_cookies, judge_forgery
from agent.contract.model import SecurityScheme
from agent.receipts import Outcome
from tests.checklist.conftest import GOOD, CaseOf
from tools.postgres.server import Database

DEPENDENCIES, LOGIN = "src/api/dependencies/__init__.py", "src/api/routes/auth.py"
BY_TOKEN_ALONE = '        if credentials is None:\n            raise Unauthenticated("a token is needed")\n'
BY_EITHER = """        text = credentials.credentials if credentials else request.cookies.get("session")
        if text is None:
            raise Unauthenticated("a token is needed")
        if credentials is None and request.method != "GET":
            if request.headers.get("sec-fetch-site", "same-origin") != "same-origin":
                raise __import__("fastapi").HTTPException(403)
"""
ANSWER = "async def login(accounts: Accounts, body: Credentials) -> Token:\n"
ANSWER_WITH_COOKIE = (
    'async def login(accounts: Accounts, body: Credentials, response: __import__("fastapi").Response) -> Token:\n'
)
GIVE = "    return await accounts.login(body)\n"
SET = (
    "    token = await accounts.login(body)\n"
    '    response.set_cookie("session", token.access_token, httponly=True, secure=True, samesite="strict")\n'
    "    return token\n"
)


def files(old: str = "", new: str = "") -> Mapping[str, str]:
    """The good service with cookies, and with one text replaced by another."""
    dependencies, login = (GOOD / DEPENDENCIES).read_text(), (GOOD / LOGIN).read_text()
    dependencies = dependencies.replace(BY_TOKEN_ALONE, BY_EITHER).replace(
        "credentials.credentials, secret", "text, secret"
    )
    login = login.replace(ANSWER, ANSWER_WITH_COOKIE).replace(GIVE, SET)
    assert "request.cookies" in dependencies
    assert "set_cookie" in login
    if old:
        assert old in dependencies + login
        dependencies, login = dependencies.replace(old, new), login.replace(old, new)
    return {DEPENDENCIES: dependencies, LOGIN: login}


def with_cookies(case: Case) -> Case:
    """The same before a contract in which a cookie says who calls, too."""
    scheme = SecurityScheme("session", "apiKey", location="cookie", parameter="session")
    operations = tuple(
        replace(one, security=(*one.security, frozenset({"session"}))) if one.protected else one
        for one in case.contract.operations
    )
    schemes = {**case.contract.security_schemes, "session": scheme}
    contract = replace(case.contract, operations=operations, security_schemes=schemes)
    return replace(case, contract=contract, binding=bind(contract, case.catalog))


async def outcomes(case: Case, migrated: Database) -> dict[str, tuple[Outcome, str]]:
    bench, owing = Bench(case, ready=migrated), Owing.of(case)
    try:
        async with bench.turn() as booted:
            with opened(case, owing, bench, booted, seed=7) as probes:
                receipts = (*await judge_forgery(probes), *await judge_cookies(probes))
    finally:
        await bench.close()
    return {one.rule: (one.outcome, one.found) for one in receipts}


async def test_a_careful_service_is_met(case_of: CaseOf, migrated: Database) -> None:
    found = await outcomes(with_cookies(case_of(files())), migrated)
    assert {rule: outcome for rule, (outcome, _) in found.items()} == {
        "SEC-CSRF": Outcome.MET,
        "SEC-COOKIES": Outcome.MET,
    }, found


@pytest.mark.parametrize(
    ("old", "new", "rule", "told", "declared"),
    [
        (", httponly=True", "", "SEC-COOKIES", "lacks HttpOnly", True),
        ("secure=True, ", "", "SEC-COOKIES", "lacks Secure", False),
        ('"strict"', '"lax"', "SEC-COOKIES", "SameSite=Strict", False),
        ('request.method != "GET"', "False", "SEC-CSRF", "POST /notes from another site", True),
        (
            'request.method != "GET"',
            'request.method == "DELETE"',
            "SEC-CSRF",
            "PATCH /notes/{note_id} from another site",
            False,
        ),
    ],
)
async def test_a_careless_one_is_not(
    old: str, new: str, rule: str, told: str, declared: bool, case_of: CaseOf, migrated: Database
) -> None:
    case = case_of(files(old, new))
    found = await outcomes(with_cookies(case) if declared else case, migrated)
    assert found[rule][0] is Outcome.FAILED, found
    assert told in found[rule][1]
    assert [name for name, (outcome, _) in found.items() if outcome is Outcome.FAILED] == [rule]


async def test_one_that_lets_any_page_read_with_its_cookies_is_not(case_of: CaseOf, migrated: Database) -> None:
    main = (GOOD / "src/main.py").read_text()
    opened_up = main.replace(
        "    app.add_middleware(CarefulAnswers)\n",
        "    app.add_middleware(CarefulAnswers)\n"
        '    cors = __import__("starlette.middleware.cors").middleware.cors.CORSMiddleware\n'
        '    app.add_middleware(cors, allow_origins=["*"], allow_credentials=True)\n',
    )
    found = await outcomes(case_of({**files(), "src/main.py": opened_up}), migrated)
    assert found["SEC-CSRF"][0] is Outcome.FAILED, found
    assert "lets pages of https://elsewhere.example read with the caller's cookies" in found["SEC-CSRF"][1]


async def test_without_cookies_nothing_is_asked(good: Case, migrated: Database) -> None:
    found = await outcomes(good, migrated)
    assert {rule for rule, (_, said) in found.items() if said.startswith(NOT_APPLICABLE)} == {"SEC-CSRF", "SEC-COOKIES"}


def seen(cookie: str) -> Seen:
    return Seen("POST", "/login", {}, None, Reply(200, httpx.Headers({"set-cookie": cookie}), b"", 0.0))


@pytest.mark.parametrize(
    "cookie",
    ["sid=1; HttpOnly; Secure; SameSite=Strict", "sid=; Max-Age=0", "csrf_token=1; Secure; SameSite=Strict"],
)
def test_a_careful_cookie_a_removed_one_and_one_that_scripts_read_are_no_problem(cookie: str) -> None:
    assert list(cookie_problems([seen(cookie)])) == []


def test_each_fault_is_told_once() -> None:
    record = Record([seen("sid=1; secure"), seen("sid=2; secure")])
    assert [problem for problem, _ in cookie_problems(record.seen)] == [
        "the session cookie sid lacks HttpOnly and SameSite=Strict (it says nothing): POST /login → 200"
    ]
