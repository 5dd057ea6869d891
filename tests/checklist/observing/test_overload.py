"""Who is refused late, and who is left waiting, by the service's own fault and not by the machine's."""

from __future__ import annotations

from agent.checklist.observing.overload import Answered, Crowd

IDLE = ((0.0, 0.0), (30.0, 0.0))


def crowd(
    *answered: tuple[int, float], queued: tuple[tuple[float, float], ...] = IDLE, patience: float = 15.0
) -> Crowd:
    return Crowd(patience, [Answered(*one) for one in answered], queued, alive=True, well=True)


def test_refusals_at_once_and_answers_in_time_tell_everything() -> None:
    found = crowd((503, 0.2), (503, 0.4), (500, 10.0))
    assert (found.late, found.hanging, found.telling) == (False, False, True)


def test_half_of_the_refused_have_to_know_it_soon() -> None:
    assert crowd((503, 0.2), (503, 3.5), (503, 3.6)).late
    assert not crowd((503, 0.2), (503, 0.3), (503, 9.0)).late


def test_refusals_are_not_late_by_what_the_machine_took() -> None:
    found = crowd((503, 4.0), queued=((0.0, 0.0), (3.9, 2.0)))
    assert (found.late, found.telling) == (False, False)


def test_what_the_machine_took_afterwards_excuses_nothing() -> None:
    found = crowd((503, 4.0), (500, 12.0), queued=((0.0, 0.0), (3.9, 0.1), (11.0, 8.0)))
    assert (found.late, found.telling) == (True, True)


def test_who_waits_in_vain_on_an_idle_machine_waits_for_the_service() -> None:
    found = crowd((503, 0.1), (0, 15.0))
    assert (found.hanging, found.telling) == (True, True)


def test_who_waits_in_vain_on_a_busy_machine_is_waited_for_longer() -> None:
    assert not crowd((0, 15.0), queued=((0.0, 0.0), (14.0, 9.0))).telling
    longer = crowd((0, 30.0), queued=((0.0, 0.0), (29.0, 9.0)), patience=30.0)
    assert (longer.hanging, longer.telling) == (True, True)


def test_an_answer_that_was_only_late_because_of_the_machine_is_in_time() -> None:
    assert not crowd((500, 20.0), queued=((0.0, 0.0), (19.0, 9.0)), patience=30.0).hanging
    assert crowd((500, 20.0), queued=((0.0, 0.0), (19.0, 2.0)), patience=30.0).hanging
