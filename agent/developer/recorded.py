"""A model that gives the answers of a recorded conversation again; it asks nobody, and costs nothing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pydantic_ai.exceptions import ModelAPIError
from pydantic_ai.messages import ModelMessage, ModelResponse, TextPart, ToolCallPart
from pydantic_ai.models import Model
from pydantic_ai.models.function import AgentInfo, FunctionModel

from agent.developer.reserving import NothingLeft
from agent.journal.events import AnswerPart, ModelAnswered


def recorded_model(name: str, answers: Sequence[ModelAnswered], *, limited: bool) -> Model:
    """The model `name` as it answered then. Where the answers end, so does the conversation: at the limit of the budget
    with `limited`, else as with a provider that is out of reach."""
    left = iter(answers)

    def answer(messages: list[ModelMessage], info: AgentInfo) -> ModelResponse:
        del messages, info
        return _next(left, name, limited=limited)

    return FunctionModel(answer, model_name=name)


def _next(left: Iterator[ModelAnswered], name: str, *, limited: bool) -> ModelResponse:
    recorded = next(left, None)
    if recorded is not None:
        return ModelResponse(parts=[_part(one) for one in recorded.parts], finish_reason=recorded.finish)
    if limited:
        raise NothingLeft("model_requests", "the record of this conversation ends here, at a limit of the budget")
    raise ModelAPIError(name, "the record of this conversation ends here")


def _part(part: AnswerPart) -> TextPart | ToolCallPart:
    return ToolCallPart(part.tool, part.arguments) if part.tool else TextPart(part.text)


def answer_parts(response: ModelResponse) -> tuple[AnswerPart, ...]:
    """What is kept of an answer: what it said, and what it asked for."""
    return tuple(_kept(part) for part in response.parts if isinstance(part, TextPart | ToolCallPart))


def _kept(part: TextPart | ToolCallPart) -> AnswerPart:
    if isinstance(part, TextPart):
        return AnswerPart(text=part.content)
    return AnswerPart(tool=part.tool_name, arguments=part.args or {})
