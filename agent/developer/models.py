"""Opens the model that a caller named, or says what is missing."""

from __future__ import annotations

import os

from pydantic_ai.exceptions import UserError
from pydantic_ai.messages import ModelResponse
from pydantic_ai.models import Model, infer_model
from pydantic_ai.models.anthropic import AnthropicModel
from pydantic_ai.providers.anthropic import AnthropicProvider
from pydantic_ai.usage import RequestUsage

from agent.developer.naming import EXPECTED, provider_and_name
from agent.errors import InputError, MissingDependency

_UNKNOWN = "Unknown model"
"""How pydantic-ai begins to say that no provider has the name; its other complaints are about keys and addresses."""
_NO_KEY = "none"
"""What a server of one's own is sent where the API wants a key."""


def open_model(name: str) -> Model:
    """The model named `provider:name`, as pydantic-ai names it; a bare `claude-...` is taken as Anthropic's.

    `ANTHROPIC_BASE_URL` is honoured; a server of one's own usually wants no key, so none is asked for then.
    Raises InputError for a name that no provider knows, MissingDependency when the provider's key or
    client is missing.
    """
    provider, bare = provider_and_name(name)
    if provider == "anthropic":
        return _anthropic(bare)
    try:
        return infer_model(f"{provider}:{bare}")
    except UserError as error:
        reason = str(error).split(". ")[0]
        if reason.startswith(_UNKNOWN):
            raise InputError(f"--model {name}: {reason}; {EXPECTED}") from error
        raise MissingDependency(f"--model {name}: {reason}") from error
    except ImportError as error:
        raise MissingDependency(f"--model {name}: {error}") from error


def has_price(model: Model) -> bool:
    """Whether it is known what the model costs: that of a server of one's own is not, and such models are mostly small
    or slow."""
    answer = ModelResponse(
        parts=[],
        usage=RequestUsage(input_tokens=1, output_tokens=1),
        model_name=model.model_name,
        provider_name=model.system,
        provider_url=model.base_url,
    )
    try:
        answer.cost()
    except LookupError:
        return False
    return True


def require_price(model: Model) -> None:
    """Raises InputError when nobody knows what the model costs, so that a limit of money could not be kept."""
    if not has_price(model):
        raise InputError(
            f"the price of {model.model_name} is not known, so a limit of money cannot be kept: leave out `usd` "
            "(--max-usd), and limit `tokens` (--max-tokens) or `minutes` (--max-minutes)"
        )


def _anthropic(name: str) -> Model:
    key, base_url = os.environ.get("ANTHROPIC_API_KEY"), os.environ.get("ANTHROPIC_BASE_URL")
    if not key and not base_url:
        raise MissingDependency("ANTHROPIC_API_KEY is not set: set it, or run with `--model offline`")
    return AnthropicModel(name, provider=AnthropicProvider(api_key=key or _NO_KEY, base_url=base_url))
