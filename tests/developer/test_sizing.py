"""How large a model is, is known from its name or from its server, else not at all."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from pydantic_ai.models.anthropic import AnthropicModel
from pydantic_ai.providers.anthropic import AnthropicProvider

from agent.developer.sizing import billions, is_small


@pytest.mark.parametrize(
    ("name", "size"),
    [
        ("qwen2.5-coder-1.5b-instruct-q4_k_m.gguf", 1.5),
        ("qwen2.5-coder:7b", 7),
        ("meta-llama/Llama-3.2-3B-Instruct", 3),
        ("Qwen3_30B_A3B", 30),
        ("qwen2.5-coder", None),
        ("claude-sonnet-5-5", None),
        ("glm-4.6b2", None),
    ],
)
def test_a_name_may_tell_the_size(name: str, size: float | None) -> None:
    assert billions(name) == size


@contextmanager
def listing(body: bytes, status: int = 200) -> Iterator[str]:
    """A server that answers so, whatever it is asked."""

    class Answering(BaseHTTPRequestHandler):
        def do_GET(self) -> None:  # noqa: N802 -- the name is the base class's
            self.send_response(status if self.path == "/v1/models" else 404)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            del format, args

    with HTTPServer(("127.0.0.1", 0), Answering) as server:
        serving = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        serving.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            serving.join()


def model(name: str, address: str) -> AnthropicModel:
    return AnthropicModel(name, provider=AnthropicProvider(api_key="none", base_url=address))


@pytest.mark.parametrize(
    ("listed", "small"),
    [
        ([{"id": "/models/qwen2.5-coder-1.5b.gguf"}], True),
        ([{"id": "mine", "meta": {"n_params": 1_543_714_304}}], True),
        ([{"id": "mine", "meta": {"n_params": 32_000_000_000}}], False),
        ([{"id": "other-1b"}, {"id": "qwen", "meta": None}], False),
        ([{"id": "other-1b"}, {"id": "another-2b"}], False),
        ([], False),
    ],
)
def test_else_its_server_may_tell(listed: list[dict[str, object]], small: bool) -> None:
    with listing(json.dumps({"data": listed}).encode()) as address:
        assert is_small(model("qwen", address)) is small


@pytest.mark.parametrize(("body", "status"), [(b"no", 501), (b"<html>", 200), (b"[1]", 200), (b'{"data": [1]}', 200)])
def test_what_a_server_does_not_tell_is_not_small(body: bytes, status: int) -> None:
    with listing(body, status) as address:
        assert not is_small(model("qwen", address))


def test_a_server_that_is_not_there_tells_nothing() -> None:
    with listing(b"") as address:
        pass
    assert not is_small(model("qwen", address))
