"""A model is opened by its name, or it is said what is missing."""

from __future__ import annotations

import pytest

from agent.developer.models import has_price, open_model, require_price
from agent.errors import InputError, MissingDependency


@pytest.fixture(autouse=True)
def no_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("ANTHROPIC_API_KEY", "ANTHROPIC_BASE_URL", "OPENAI_API_KEY"):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize("name", ["claude-sonnet-5-5", "anthropic:claude-sonnet-5-5"])
def test_a_claude_is_anthropics_with_or_without_saying_so(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANTHROPIC_API_KEY", "k")
    model = open_model(name)
    assert (model.system, model.model_name) == ("anthropic", "claude-sonnet-5-5")


def test_a_server_of_ones_own_needs_no_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANTHROPIC_BASE_URL", "http://127.0.0.1:9")
    assert str(open_model("anthropic:qwen2.5-coder").base_url).startswith("http://127.0.0.1:9")


@pytest.mark.parametrize("name", ["anthropic:claude-sonnet-5-5", "openai:gpt-5"])
def test_a_missing_key_is_named(name: str) -> None:
    with pytest.raises(MissingDependency, match="_API_KEY"):
        open_model(name)


@pytest.mark.parametrize("name", ["sonnet", "anthropic:", ":x", "nobody:model", "test"])
def test_a_name_that_no_provider_knows_is_bad_input(name: str) -> None:
    with pytest.raises(InputError, match="expected `provider:name`"):
        open_model(name)


def test_a_limit_of_money_needs_a_price(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANTHROPIC_BASE_URL", "http://127.0.0.1:9")
    require_price(open_model("claude-sonnet-5-5"))
    assert has_price(open_model("claude-haiku-4-5"))
    assert not has_price(open_model("anthropic:qwen2.5-coder"))
    with pytest.raises(InputError, match="price of qwen2.5-coder is not known.*tokens.*minutes"):
        require_price(open_model("anthropic:qwen2.5-coder"))
