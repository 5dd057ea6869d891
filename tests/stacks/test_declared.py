"""`agent.toml`: read with place and reason, and written so that it is read as it was meant."""

from __future__ import annotations

import shlex

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.errors import InputError
from agent.stacks.declared import FILE, DeclaredService, as_text, declared, with_options


def test_nothing_is_declared_where_there_is_no_file() -> None:
    assert declared({}) == DeclaredService()


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("a = 1\nb = ,\n", r"agent\.toml: Invalid value .*line 2"),
        ("[service]\nstrat = 'x'", r"service\.strat: unknown key, expected one of: start, settings, credentials"),
        ("[servcie]", r"servcie: unknown key, expected one of: service"),
        ("[service]\nstart = ''", r"service\.start: no command"),
        ("[service.settings]\nA = 1", r"service\.settings\.A: "),
        ("[service.settings]\n'A B' = 'x'", r"'A B' is no name of a setting"),
        ("[service.credentials]\n'x key' = 'x'", r"'x key' is no name of a header"),
    ],
)
def test_what_cannot_be_read_is_said_with_its_place(text: str, told: str) -> None:
    with pytest.raises(InputError, match=told):
        declared({FILE: text})


def test_options_go_before_the_file() -> None:
    files = {FILE: "[service]\nstart = 'uvicorn a:app'\n[service.settings]\nA = '1'\nB = '2'"}
    told = f"{files[FILE]}\n[service.credentials]\nx-api-key = 'k'"
    assert with_options({FILE: told}, None, ["A=3"]).credentials == {"x-api-key": "k"}
    assert with_options(files, "uvicorn b:app", ["B=x=y"]) == DeclaredService(
        start="uvicorn b:app", settings={"A": "1", "B": "x=y"}
    )


@pytest.mark.parametrize(
    ("start", "settings", "told"),
    [
        (None, ["A"], "--setting A: expected NAME=VALUE"),
        (None, ["1=x"], "--setting: '1' is no name"),
        (" ", [], "--start: no command"),
        ("uvicorn 'a", [], "--start: No closing quotation"),
    ],
)
def test_wrong_options_are_said(start: str | None, settings: list[str], told: str) -> None:
    with pytest.raises(InputError, match=told):
        with_options({}, start, settings)


@given(st.text(), st.dictionaries(st.from_regex(r"[A-Z_][A-Z0-9_]*", fullmatch=True), st.text()), st.text())
def test_what_is_written_is_read_again(argument: str, settings: dict[str, str], key: str) -> None:
    start, credentials = f"uvicorn {shlex.quote(argument)}", {"x-api-key": key}
    said = DeclaredService(start=start, settings=settings, credentials=credentials)
    assert declared({FILE: as_text(said)}) == said
