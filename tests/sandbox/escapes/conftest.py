from __future__ import annotations

import os
from collections.abc import Iterator, Mapping

import pytest

from tests.sandbox.escapes import places
from tests.sandbox.escapes.attempt import Attempt
from tests.sandbox.escapes.bait import Bait, laid_out
from tests.sandbox.escapes.catalogue import attempts
from tests.sandbox.escapes.places import Place

PLACES = ("bubblewrap", "bubblewrap as a user", "docker")


@pytest.fixture(scope="session")
def bait() -> Iterator[Bait]:
    """What lies about on the host."""
    with laid_out() as bait:
        yield bait


@pytest.fixture(scope="session")
def known(bait: Bait) -> Mapping[str, Attempt]:
    """All attempts on that bait."""
    return attempts(bait)


@pytest.fixture(scope="session", params=PLACES)
def place(request: pytest.FixtureRequest, bait: Bait) -> Iterator[Place]:
    """Every sandbox that there is here, once as each kind of user."""
    if request.param == "bubblewrap":
        with places.bubblewrap() as opened:
            yield opened
    elif request.param == "docker":
        with places.docker() as opened:
            yield opened
    elif os.geteuid() == 0:
        with places.bubblewrap_as_user(bait) as opened:
            yield opened
    else:
        pytest.skip("not root: the other place is already an ordinary user's")
