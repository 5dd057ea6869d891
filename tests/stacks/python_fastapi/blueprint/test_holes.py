"""A hole is a function that raises `OperationNotImplemented`."""

from __future__ import annotations

from agent.stacks.python_fastapi.blueprint.holes import open_holes

SERVICE = '''
class TicketService:
    async def merge(self, *, ticket_id: int) -> None:
        """Merge."""
        raise OperationNotImplemented("POST /tickets/{id}/merge", ticket_id)

    async def close(self) -> None:
        """Says "raise OperationNotImplemented" without doing it."""
        # raise OperationNotImplemented("GET /x")
        return None
'''


def test_a_hole_is_found_with_place_and_operation() -> None:
    (hole,) = open_holes({"src/services/tickets.py": SERVICE})

    assert hole.name == "src.services.tickets.TicketService.merge"
    assert (hole.file, hole.line, hole.operation) == ("src/services/tickets.py", 3, "POST /tickets/{id}/merge")


def test_a_filled_function_is_no_hole() -> None:
    filled = SERVICE.replace('raise OperationNotImplemented("POST /tickets/{id}/merge", ticket_id)', "return None")

    assert open_holes({"src/services/tickets.py": filled}) == ()


def test_a_function_that_still_gives_up_in_one_branch_is_a_hole() -> None:
    half = SERVICE.replace("        raise Op", "        if ticket_id:\n            raise exceptions.Op")

    assert [hole.operation for hole in open_holes({"src/services/tickets.py": half})] == ["POST /tickets/{id}/merge"]


def test_other_files_and_broken_ones_have_no_holes() -> None:
    assert open_holes({"tests/test_x.py": SERVICE, "src/a.txt": SERVICE, "src/b.py": SERVICE + "def ("}) == ()
