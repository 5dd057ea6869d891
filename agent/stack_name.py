"""The stacks by name, for the task that asks for one as for the rules that apply to it."""

from __future__ import annotations

from typing import Literal

StackName = Literal["python-fastapi", "typescript-fastify", "typescript-express"]
