"""The task: what a coordinator hands over."""

from agent.task.loading import load_task, parse_task
from agent.task.model import Budget, DatabaseUrl, ExistingRepository, NewFolder, Task, slug, task_json_schema
from agent.task.template import template

__all__ = [
    "Budget",
    "DatabaseUrl",
    "ExistingRepository",
    "NewFolder",
    "Task",
    "load_task",
    "parse_task",
    "slug",
    "task_json_schema",
    "template",
]
