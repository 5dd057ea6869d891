"""A contestant's work is judged by the hidden tests once, and then known; peers reach the model and nothing else."""

from __future__ import annotations

import contextlib
import socket
import threading
from pathlib import Path

import httpx
import pytest

from agent.errors import InputError
from agent.places import cache_folder
from agent.stacks.registry import stack_named
from agent.workspace.toolchain import build_toolchain
from evals.holes.collection import holes_named
from evals.holes.contestants import Terms
from evals.holes.evaluating import Choice, Outcome, evaluate
from evals.holes.metering import SOCKET, metered
from evals.holes.peers import worked
from evals.holes.starting import STACK, started
from tests.wire.server import Asked, Say, Turn, anthropic_server

HOLE = "rooms/purgeBookings"
MODEL = "anthropic:claude-sonnet-5-5"
PEER = """
import json, os, urllib.request
asked = {"model": "m", "max_tokens": 9, "messages": [{"role": "user", "content": "What shall I write?"}]}
headers = {"content-type": "application/json", "anthropic-version": "2023-06-01"}
request = urllib.request.Request(
    os.environ["ANTHROPIC_BASE_URL"] + "/v1/messages", json.dumps(asked).encode(), headers
)
with urllib.request.urlopen(request) as answer:
    text = json.load(answer)["content"][0]["text"]
open("said.txt", "w").write(f"{text} {os.environ['ANTHROPIC_API_KEY']} {os.path.exists('%s')}")
"""


@pytest.fixture(autouse=True)
def _state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AGENT_STATE_DIR", str(tmp_path))
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-of-the-host")


def test_a_plain_request_is_judged_and_known_from_then_on(monkeypatch: pytest.MonkeyPatch) -> None:
    with started(holes_named((HOLE,))[0]) as begun:
        right = begun.reference()

    def answer(asked: Asked) -> Turn:
        assert "async def purge_bookings" in asked.opening, "the file is shown"
        assert "removed=len" not in asked.opening, "and nothing that is hidden"
        return [Say(f"Here it is:\n\n```python\n{right}```\n")]

    told: list[Outcome] = []
    choice = Choice(MODEL, ("request",), (HOLE,), minutes=1)
    with anthropic_server(answer) as server:
        monkeypatch.setenv("ANTHROPIC_BASE_URL", server.url)
        first = evaluate(choice, lambda one, *_: told.append(one))
        again = evaluate(choice, lambda one, *_: told.append(one))
    (outcome,) = first
    assert (outcome.filled, outcome.claimed, outcome.failed) == (True, True, ())
    assert (outcome.requests, outcome.output_tokens > 0) == (1, True)
    assert again == first
    assert told == [outcome]
    assert len(server.asked) == 1


@pytest.mark.parametrize("choice", [Choice(MODEL, ("nobody",)), Choice(MODEL, holes=("rooms/nothing",))])
def test_a_choice_of_what_is_not_there_is_refused(choice: Choice) -> None:
    with pytest.raises(InputError, match="there is no"):
        evaluate(choice, lambda *_: None)


def test_other_agents_need_a_model_that_they_can_be_given() -> None:
    with pytest.raises(InputError, match="other agents are measured with"):
        evaluate(Choice("openai:gpt-9", ("aider",), (HOLE,)), lambda *_: None)


async def test_a_peer_works_in_the_sandbox_and_reaches_the_model_without_a_key(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    toolchain = build_toolchain(stack_named(STACK).toolchain_lock(), cache_folder() / "toolchains")
    terms = Terms(MODEL, 1, toolchain)
    command = ("python", "-c", PEER % Path(__file__))
    with (
        anthropic_server(lambda _: [Say("a function")]) as server,
        started(holes_named((HOLE,))[0]) as begun,
        metered() as meter,
    ):
        monkeypatch.setenv("ANTHROPIC_BASE_URL", server.url)
        result = await worked(begun, terms, tmp_path / "left", meter, toolchain, command)
    assert result.ok, result.output
    assert (tmp_path / "left" / "said.txt").read_text() == "a function none False"
    assert (tmp_path / "left" / begun.open.file).read_text() == begun.files[begun.open.file]
    assert (meter.requests, meter.output_tokens > 0) == (1, True)


def test_what_is_being_asked_is_broken_off_at_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    gone, asked = threading.Event(), threading.Event()

    def ask(folder: Path) -> None:
        transport = httpx.HTTPTransport(uds=str(folder / SOCKET))
        with httpx.Client(transport=transport) as client, contextlib.suppress(httpx.HTTPError):
            client.post("http://model/v1/messages", json={}, timeout=30)

    def slow(listener: socket.socket) -> None:
        connection, _ = listener.accept()
        with connection:
            connection.recv(1 << 16)
            asked.set()
            while connection.recv(1 << 16):
                pass
            gone.set()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        monkeypatch.setenv("ANTHROPIC_BASE_URL", f"http://127.0.0.1:{listener.getsockname()[1]}")
        threading.Thread(target=slow, args=(listener,), daemon=True).start()
        with metered() as meter:
            threading.Thread(target=ask, args=(meter.folder,), daemon=True).start()
            assert asked.wait(10)
        assert gone.wait(10), "the model sees that nobody waits any more"
    assert meter.requests == 0
