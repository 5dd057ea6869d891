"""Opens the model that a caller named, or says what is missing."""

from __future__ import annotations

import os

from pydantic_ai.exceptions import UserError
from pydantic_ai.models import Model, infer_model
from pydantic_ai.models.anthropic import AnthropicModel
from pydantic_ai.providers.anthropic import AnthropicProvider

from agent.errors import InputError, MissingDependency

_NO_KEY = "none"
"""What a server of one's own is sent where the API wants a key."""


def open_model(name: str) -> Model:
    """The model named `provider:name`, as pydantic-ai names it; a bare `claude-...` is taken as Anthropic's.

    `ANTHROPIC_BASE_URL` is honoured; a server of one's own usually wants no key, so none is asked for then.
    Raises InputError for a name that no provider knows, MissingDependency when the provider's key is not set.
    """
    full = f"anthropic:{name}" if name.startswith("claude-") else name
    provider, _, bare = full.partition(":")
    if provider == "anthropic" and bare:
        return _anthropic(bare)
    try:
        return infer_model(full)
    except (UserError, ValueError, ImportError) as error:
        raise InputError(
            f"--model {name}: {error}. Expected `provider:name`, such as `anthropic:claude-sonnet-5-5`, or `offline`"
        ) from error


def _anthropic(name: str) -> Model:
    key, base_url = os.environ.get("ANTHROPIC_API_KEY"), os.environ.get("ANTHROPIC_BASE_URL")
    if not key and not base_url:
        raise MissingDependency("ANTHROPIC_API_KEY is not set: set it, or run with `--model offline`")
    return AnthropicModel(name, provider=AnthropicProvider(api_key=key or _NO_KEY, base_url=base_url))
