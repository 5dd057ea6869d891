"""Sees when a model goes in circles, and ends its work: the same call again, or files that are as they were before."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from pydantic_ai.capabilities import AbstractCapability
from pydantic_ai.exceptions import AgentRunError
from pydantic_ai.messages import ModelResponse, ToolCallPart
from pydantic_ai.models import ModelRequestContext
from pydantic_ai.tools import RunContext

from agent.developer.toolbox import Toolbox

SAME_CALLS = 3
"""The same call on the same files, the answer to which cannot be another one."""
RETURNS = 2
"""Times that the files may become what they were before: a change that is taken back once is a try."""
LOOKS = 20
"""Answers from the beginning on after which something has to have changed: half of those that an assignment may take. A
careful model reads a dozen files first, one by one."""
_READING = frozenset({"read_file", "list_files", "search_files"})
_SHOWN = 80


class GoingInCircles(AgentRunError):
    """The model repeats itself; it would go on until the budget is used up."""


@dataclass(frozen=True, slots=True)
class Step:
    """A call that the model makes, on the files as they are then."""

    call: str
    """Tool and arguments."""
    tree: str


def circling(steps: Sequence[Step]) -> str:
    """Why these steps are a circle, in words; empty when they are none. Pure."""
    for step in dict.fromkeys(steps):
        if steps.count(step) >= SAME_CALLS:
            return f"the same call {SAME_CALLS} times on the same files: {step.call[:_SHOWN]}"
    trees = [step.tree for at, step in enumerate(steps) if not at or steps[at - 1].tree != step.tree]
    returns = len(trees) - len(set(trees))
    return f"changes that cancel each other: the files were as before {returns} times" if returns >= RETURNS else ""


@dataclass
class Circling(AbstractCapability[Toolbox]):
    """Raises GoingInCircles before the call that would close a circle is made."""

    _steps: list[Step] = field(default_factory=list)
    _trees: list[str] = field(default_factory=list)
    """At each answer, as long as nothing has changed."""

    async def for_run(self, ctx: RunContext[Toolbox]) -> Circling:
        """Each conversation has its own."""
        del ctx
        return replace(self, _steps=[], _trees=[])

    async def after_model_request(
        self, ctx: RunContext[Toolbox], *, request_context: ModelRequestContext, response: ModelResponse
    ) -> ModelResponse:
        del request_context
        calls = [part for part in response.parts if isinstance(part, ToolCallPart)]
        tree = self._tree(ctx.deps)
        self._steps += [Step(_words(call), tree) for call in calls]
        why = circling(self._steps) or (self._lost(tree) if calls else "")
        if why:
            raise GoingInCircles(f"it went in circles: {why}")
        return response

    def _lost(self, tree: str) -> str:
        """Why it will not get anywhere, in words; empty while it may."""
        if len(set(self._trees)) > 1:
            return ""
        self._trees.append(tree)
        looked = len(self._trees) > LOOKS and self._trees[0] == tree
        return f"after {LOOKS} answers it had not changed anything" if looked else ""

    def _tree(self, bench: Toolbox) -> str:
        """The tree's hash, asked for anew only where the last calls could have changed it."""
        last = self._steps[-1] if self._steps else None
        if last and last.call.partition("(")[0] in _READING:
            return last.tree
        return bench.workspace.tree()


def _words(call: ToolCallPart) -> str:
    try:
        arguments = call.args_as_dict()
    except (ValueError, AssertionError):
        return f"{call.tool_name}({call.args})"
    return f"{call.tool_name}({json.dumps(arguments, sort_keys=True, ensure_ascii=False)})"
