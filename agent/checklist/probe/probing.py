"""The main path of every operation: asked as its contract says, its answer judged, its effect read back."""

from __future__ import annotations

from agent.binding.model import Bound
from agent.checklist.probe.accounts import NoCredentials
from agent.checklist.probe.effects import read_effect
from agent.checklist.probe.exchange import Exchange, main_path
from agent.checklist.probe.judging import (
    Notes,
    body_problem,
    declared_answer,
    excerpt,
    is_json,
    matches,
    media_problem,
    read_json,
    successes,
)
from agent.checklist.probe.negatives import provoke
from agent.checklist.probe.store import NoRow
from agent.checklist.probe.world import World

_SHOWN = 3


async def probe(world: World, bound: Bound) -> Notes:
    """Ask one operation; what was noticed."""
    notes = Notes(bound.operation)
    try:
        exchange = await main_path(world, bound, notes)
        if _succeeded(bound, exchange, notes):
            _judge_answer(world, exchange, notes)
            await read_effect(world, bound, exchange, notes)
            await provoke(world, bound, exchange, notes)
    except (NoCredentials, NoRow) as error:
        notes.note_status(f"the main path could not be asked: {error}")
        notes.note_effect(f"the main path could not be asked: {error}")
    return notes


def _succeeded(bound: Bound, exchange: Exchange, notes: Notes) -> bool:
    operation, reply = bound.operation, exchange.reply
    expected = successes(operation)
    if matches(reply.status, expected):
        notes.reached = True
        return True
    got = f"{reply.status} {excerpt(reply)}" if reply.status else excerpt(reply)
    what = f"{operation.key}: expected {' or '.join(expected) or 'a declared success'}, got {got}"
    notes.note_status(what, exchange.request)
    if 200 <= reply.status < 300:
        return True  # the wrong kind of success: what it did can still be seen
    notes.note_effect(f"its effect was not seen: {what}", exchange.request)
    return False


def _judge_answer(world: World, exchange: Exchange, notes: Notes) -> None:
    reply, operation = exchange.reply, exchange.request.operation
    answer = declared_answer(operation, reply.status)
    if answer is None or answer.status.lower() == "default":
        answer = operation.success or answer
    if answer is None:
        return
    problems = [problem for problem in (media_problem(answer, reply), body_problem(answer, reply)) if problem]
    if not problems and answer.json is not None and reply.body and is_json(reply.media_type):
        try:
            problems += world.asker.schema_problems(answer.json, read_json(reply))[:_SHOWN]
        except (ValueError, RecursionError):
            problems.append(f"expected a JSON body, got {excerpt(reply)}")
    for problem in problems:
        notes.note_effect(f"the answer is not as declared: {problem}", exchange.request)
