"""How a model is named. Apart from what opens models, which takes seconds to load."""

from __future__ import annotations

from agent.errors import InputError

EXPECTED = "expected `provider:name`, such as `anthropic:claude-sonnet-5-5`, or `offline`"


def provider_and_name(name: str) -> tuple[str, str]:
    """Both parts of `provider:name`; a bare `claude-...` is taken as Anthropic's. Raises InputError without either."""
    full = f"anthropic:{name}" if name.startswith("claude-") else name
    provider, _, bare = full.partition(":")
    if not provider or not bare:
        raise InputError(f"--model {name}: {EXPECTED}")
    return provider, bare
