"""Keeps limits of money and tokens hard: the worst case of a request is set aside before it is sent."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from decimal import Decimal

from genai_prices import Usage as Priced
from genai_prices import calc_price
from pydantic_ai.capabilities import AbstractCapability
from pydantic_ai.exceptions import UsageLimitExceeded
from pydantic_ai.messages import ModelMessage, ModelMessagesTypeAdapter, ModelResponse
from pydantic_ai.models import Model, ModelRequestContext
from pydantic_ai.settings import ModelSettings, merge_model_settings
from pydantic_ai.tools import RunContext
from pydantic_ai.usage import UsageLimits
from pydantic_core import to_json

from agent.developer.allowance import Limit
from agent.developer.toolbox import Toolbox
from agent.journal.events import ModelAsked, Usage

MOST_OUTPUT = 16_384
"""Tokens of one answer, at most: a file of 1,500 lines. A longer one is cut, and the model told so."""
LEAST_OUTPUT = 1_024
"""Tokens; an answer that may not even be as long is not worth asking for."""
_FRAMING = 2_000
"""Tokens that a provider adds of its own: roles, the introduction of tools, marks between blocks."""


class NothingLeft(UsageLimitExceeded):
    """The next request could go beyond a limit of the budget."""

    def __init__(self, limit: Limit, message: str) -> None:
        super().__init__(message)
        self.limit: Limit = limit


@dataclass
class Reserving(AbstractCapability[Toolbox]):
    """Sends a request only where its worst case still fits into what is left of money and tokens.

    The worst case: no cache is hit and all of it is written to the cache, each byte that was not billed before is a
    token (a tokeniser over bytes never makes more), and the answer is as long as it may be. When little is left, the
    answer may only be as long as can be paid. Raises NothingLeft when that is too short to be of use, or when nobody
    knows the price. What is set aside is told to `asked` before the request is sent.
    """

    asked: Callable[[ModelAsked], None]

    async def before_model_request(
        self, ctx: RunContext[Toolbox], request_context: ModelRequestContext
    ) -> ModelRequestContext:
        limits = ctx.usage_limits or UsageLimits()
        wanted = (request_context.model_settings or ModelSettings()).get("max_tokens") or MOST_OUTPUT
        length = min(MOST_OUTPUT, wanted)
        if limits.total_tokens_limit is not None:
            left = limits.total_tokens_limit - ctx.usage.total_tokens
            length = _enough("tokens", min(length, left - most_input(request_context)), f"{left} tokens")
        if limits.cost_limit is not None:
            money = limits.cost_limit - (ctx.usage.cost or 0)
            length = _enough("usd", min(length, affordable_output(request_context, money)), f"{money:.4f} USD")
        self.asked(ModelAsked(reserved=reservation(request_context, length)))
        settings = merge_model_settings(request_context.model_settings, ModelSettings(max_tokens=length))
        return replace(request_context, model_settings=settings)


def _enough(limit: Limit, length: int, left: str) -> int:
    if length < LEAST_OUTPUT:
        raise NothingLeft(limit, f"the next request could cost more than the {left} that are left")
    return length


def reservation(request: ModelRequestContext, output_tokens: int) -> Usage:
    """The most that the request can cost; no money where nobody knows the price."""
    tokens = most_input(request)
    try:
        usd = worst_price(request.model, input_tokens=tokens, output_tokens=output_tokens)
    except LookupError:
        usd = None
    return Usage(requests=1, input_tokens=tokens, output_tokens=output_tokens, cache_write_tokens=tokens, usd=usd)


def affordable_output(request: ModelRequestContext, left: Decimal) -> int:
    """How many tokens the answer may have so that the whole request surely costs no more than `left` dollars.

    Raises NothingLeft when nobody knows what the model costs.
    """
    try:
        rest = left - worst_price(request.model, input_tokens=most_input(request))
        return int(rest / worst_price(request.model, output_tokens=1_000_000) * 1_000_000)
    except LookupError as error:
        raise NothingLeft("usd", f"the price of {request.model.model_name} is not known") from error


def most_input(request: ModelRequestContext) -> int:
    """An upper bound of the tokens that are sent."""
    billed, new = _since_last_answer(request.messages)
    if billed:
        return billed + _bytes(new) + _FRAMING
    parameters = request.model_request_parameters
    return _bytes(new) + len(to_json((parameters.instruction_parts, parameters.function_tools))) + _FRAMING


def worst_price(model: Model, *, input_tokens: int = 0, output_tokens: int = 0) -> Decimal:
    """Dollars for so many tokens when all input is written to the cache. Raises LookupError without a known price."""
    usage = Priced(input_tokens=input_tokens, cache_write_tokens=input_tokens, output_tokens=output_tokens)
    price = calc_price(usage, model.model_name, provider_id=model.system)
    return price.total_price


def _since_last_answer(messages: list[ModelMessage]) -> tuple[int, list[ModelMessage]]:
    """The tokens of everything up to the last answer, as the provider counted them, and what came after it."""
    for index in range(len(messages) - 1, -1, -1):
        message = messages[index]
        if isinstance(message, ModelResponse) and message.usage.input_tokens:
            return message.usage.input_tokens + message.usage.output_tokens, messages[index + 1 :]
    return 0, messages


def _bytes(messages: list[ModelMessage]) -> int:
    return len(ModelMessagesTypeAdapter.dump_json(messages))
