"""All attempts, by their names."""

from __future__ import annotations

import os
from collections.abc import Mapping

from tests.sandbox.escapes import files, kernel, network, processes, resources
from tests.sandbox.escapes.attempt import Attempt
from tests.sandbox.escapes.bait import Bait

_NOWHERE = Bait("/nowhere", 1, "nowhere", 1, 1, "/nowhere")


def attempts(bait: Bait = _NOWHERE) -> Mapping[str, Attempt]:
    """Each attempt by its name. Those on the kernel know the call numbers of x86-64 alone."""
    native = kernel.attempts() if os.uname().machine == "x86_64" else []
    found = [*files.attempts(bait), *processes.attempts(bait), *network.attempts(bait), *native, *resources.attempts()]
    assert len({one.name for one in found}) == len(found), "names are unique"
    return {one.name: one for one in found}


NAMES = tuple(attempts())
CONTROLLED = tuple(name for name, one in attempts().items() if one.control)
