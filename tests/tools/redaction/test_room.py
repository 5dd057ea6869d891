"""What is secret is recognised and replaced, what is not stays; and what a mark stands for goes nowhere else."""

from __future__ import annotations

import base64
import json
import re
import secrets
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tools.errors import Refused
from tools.redaction.finding import FORMS, find_secrets, secrets_of
from tools.redaction.room import Room

_RANDOM = "q7Rk2mVx9TzLw4Np8YbC3sHd"
_PRIVATE = base64.b64encode(bytes(range(256))).decode()
KEY_BLOCK = "\n".join(
    [
        "-----BEGIN RSA PRIVATE KEY-----",
        *(_PRIVATE[at : at + 64] for at in range(0, 320, 64)),
        "-----END RSA PRIVATE KEY-----",
    ]
)

RECOGNISED = {
    "key of Anthropic": ("key = {}", "sk-ant-api03-" + _RANDOM * 3),
    "key of OpenAI": ("{}", "sk-proj-" + _RANDOM * 2),
    "key of AWS": ("aws: {}", "AKIA" + "ABCDEFGH12345678"),
    "token of GitHub": ("token {} here", "ghp_" + (_RANDOM * 2)[:36]),
    "key of Stripe": ('"{}"', "sk_" + "live_" + _RANDOM),
    "token of Slack": ("{}", "xoxb-" + "123456789012-" + _RANDOM),
    "web token": ("Bearer {}", "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.dBjftJeZ4CVP-mB92K27uhbUJU1p1r"),
    "password of an address": ("postgresql://app:{}@db.internal:5432/app", "hunter2!x"),
    "password of Redis": ("redis://:{}@cache:6379/0", "k-secret-9"),
    "password of a connection": ("host=db user=app password={} dbname=x", "hunter2!x"),
    "password first": ("password={} host=db", "hunter2!x"),
    "value with a telling name": ("SESSION_SECRET={}", _RANDOM),
    "value in YAML": ("  api_key: {}", _RANDOM),
    "value in Python": ('API_TOKEN = "{}"', _RANDOM),
    "value in JSON": ('{{"client_secret": "{}"}}', _RANDOM),
}

INNOCENT = (
    "password: str = Field(min_length=8)",
    "token = create_access_token(user_id, expires_in=settings.token_seconds)",
    "postgresql://postgres:postgres@localhost:5432/app",
    "postgresql://app:${DATABASE_PASSWORD}@db/app",
    "postgresql://app:<password>@db/app",
    "connect(host=host, user=user, password=password, dbname=name)",
    "SESSION_SECRET=replace-this-by-at-least-32-random-characters",
    "idempotency token: 550e8400-e29b-41d4-a716-446655440000",
    "requests==2.34.2 --hash=sha256:353eb2f34c09d098b2880eee8bef21832eae6d174f48c5762fff7e5fcb74d01d",
    "secret_key_is_read_from_the_environment",
    "commit 3a018a89b47dd17fb8bef21832eae6d174f48c57",
    "GET /auth/tokens/{tokenId} answered 200 in 12:30:45.123456",
    "https://user@example.com:8443/path",
)


@pytest.mark.parametrize("name", RECOGNISED)
def test_a_secret_is_recognised(name: str) -> None:
    around, secret = RECOGNISED[name]
    text = around.format(secret)
    assert secret in set(find_secrets(text))
    redacted = Room().redact(text)
    assert secret not in redacted
    assert redacted == around.format("[[secret 1]]")


@pytest.mark.parametrize("text", INNOCENT)
def test_what_is_no_secret_stays(text: str) -> None:
    assert Room().redact(text) == text


def test_of_a_private_key_the_lines_stay_lines() -> None:
    redacted = Room().redact(f"before\n{KEY_BLOCK}\nafter")
    assert len(redacted.splitlines()) == len(KEY_BLOCK.splitlines()) + 2
    assert not any(line in redacted for line in KEY_BLOCK.splitlines()[1:-1])


def test_what_was_seen_once_is_known_everywhere() -> None:
    room = Room()
    room.learn("DATABASE_URL=postgresql://app:hunter2!x@db/app")
    assert room.redact("tried hunter2!x, then gave up") == "tried [[secret 1]], then gave up"
    assert room.redact("hunter2!xy is another word") == "hunter2!xy is another word"


@pytest.mark.parametrize("length", [10, 10_000])
def test_a_text_that_held_nothing_is_looked_through_again_when_a_secret_became_known(length: int) -> None:
    room = Room()
    text = f"{'a word ' * length} plain-looking-value"
    assert room.redact(text) == text
    room.know("plain-looking-value", "NAME")
    assert room.redact(text) == f"{'a word ' * length} [[secret NAME]]"


def test_the_environments_secrets_are_known_by_name() -> None:
    environment = {
        "ANTHROPIC_API_KEY": "key-of-the-provider-1",
        "OPENAI_API_KEY": "another-key-2",
        "AGENT_POSTGRES_DSN": "host=/run user=agent password=pw-of-dsn-3",
        "DATABASE_URL": "postgresql://app:pw%2Fof%2Furl4@db/app",
        "SSH_AUTH_SOCK": "/run/agent.sock",
        "PATH": "/usr/bin",
        "TOKEN": "true",
        "HOME_URL": "https://example.com",
    }
    room = Room()
    room.know_environment(environment)
    assert dict(secrets_of(environment)).keys() == {
        "ANTHROPIC_API_KEY",
        "OPENAI_API_KEY",
        "AGENT_POSTGRES_DSN",
        "DATABASE_URL",
    }
    assert room.redact("sent key-of-the-provider-1") == "sent [[secret ANTHROPIC_API_KEY]]"
    assert "pw-of-dsn-3" not in room.redact("password authentication failed for pw-of-dsn-3")


@given(st.text(st.characters(exclude_categories=("C", "Z"), codec="utf-8"), min_size=8, max_size=40))
def test_a_known_value_is_found_however_it_is_written(value: str) -> None:
    room = Room()
    room.know(value, "GIVEN")
    if room.redact(f" {value} ") == f" {value} ":
        return  # nobody would call it a secret: a number, a placeholder, a word of examples
    for written in (value, quote(value, safe=""), json.dumps(value)[1:-1]):
        redacted = room.redact(f"before {written} after")
        assert written not in redacted.replace("[[secret GIVEN]]", ""), written


def test_structures_keep_their_shape() -> None:
    room = Room()
    room.know("hunter2!x")
    value = {"a": ["hunter2!x", 1, None, ("x hunter2!x",)], "hunter2!x": True}
    assert room.redact_all(value) == {"a": ["[[secret 1]]", 1, None, ("x [[secret 1]]",)], "[[secret 1]]": True}


class TestEditing:
    """A model that is shown a file with marks writes it back as it was."""

    FILE = f'KEY = "{_RANDOM}"\nSIZE = 3\n'

    @pytest.fixture
    def room(self) -> Room:
        room = Room()
        room.learn(f"api_key: {_RANDOM}")
        return room

    def test_a_mark_becomes_what_it_stands_for(self, room: Room) -> None:
        shown = room.redact(self.FILE)
        assert shown == 'KEY = "[[secret 1]]"\nSIZE = 3\n'
        assert room.restore(shown.replace("3", "4"), self.FILE, "a.py") == self.FILE.replace("SIZE = 3", "SIZE = 4")

    def test_a_secret_is_not_carried_into_another_file(self, room: Room) -> None:
        with pytest.raises(Refused, match=r"b\.py: \[\[secret 1\]\] stands for a secret that is not in this file"):
            room.restore('KEY = "[[secret 1]]"', "", "b.py")

    def test_a_mark_that_stands_for_nothing_is_not_written(self, room: Room) -> None:
        with pytest.raises(Refused, match=r"\[\[secret 99\]\]"):
            room.restore("[[secret 99]]", self.FILE, "a.py")

    def test_what_looks_like_a_mark_and_was_there_stays(self, room: Room) -> None:
        assert room.restore("[[secret 99]] more", "[[secret 99]]", "a.md") == "[[secret 99]] more"

    @given(st.lists(st.sampled_from(["one\n", "two ", _RANDOM, '"', "hunter2!x"]), max_size=8))
    def test_showing_and_writing_back_changes_nothing(self, parts: list[str]) -> None:
        room = Room()
        room.know(_RANDOM)
        room.know("hunter2!x")
        file = "".join(parts)
        assert room.restore(room.redact(file), file, "f") == file


def test_many_secrets_are_looked_for_at_once() -> None:
    room = Room()
    known = [secrets.token_urlsafe(24) for _ in range(500)]
    for one in known:
        room.know(one)
    text = "\n".join(known)
    assert len(set(room.redact(text).splitlines())) == 500
    assert not any(one in room.redact(text) for one in known)


@pytest.mark.parametrize(("marks", "form"), FORMS, ids=[marks[0] for marks, _ in FORMS])
def test_no_secret_of_a_form_is_without_its_marks(marks: tuple[str, ...], form: str) -> None:
    @settings(max_examples=30, deadline=None)
    @given(st.from_regex(form))
    def every_one_has_a_mark(text: str) -> None:
        assert any(mark in text for mark in marks)

    every_one_has_a_mark()


@given(st.lists(st.sampled_from([*dict.fromkeys(mark for marks, _ in FORMS for mark in marks), _RANDOM, " ", "."])))
def test_looking_for_marks_first_finds_the_same(parts: list[str]) -> None:
    text = "".join(parts)
    by_form = [found.group() for found in re.finditer("|".join(form for _, form in FORMS), text)]
    assert list(find_secrets(text))[: len(by_form)] == by_form
