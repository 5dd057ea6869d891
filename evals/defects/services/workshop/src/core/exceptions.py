"""Problems by RFC 9457 that are told to callers."""

from typing import ClassVar


class Problem(Exception):
    """Something a caller may know."""

    status: ClassVar[int] = 500
    code: ClassVar[str] = "unexpected"

    def __init__(self, detail: str) -> None:
        super().__init__(detail)
        self.detail = detail


class Anonymous(Problem):
    """Nobody knows who calls."""

    status = 401
    code = "anonymous"


class NotYours(Problem):
    """Known, and not allowed."""

    status = 403
    code = "not-yours"


class Missing(Problem):
    """There is nothing."""

    status = 404
    code = "missing"


class Taken(Problem):
    """Somebody was faster."""

    status = 409
    code = "taken"


class Unlike(Problem):
    """The same key, and another request."""

    status = 422
    code = "unlike"


class Forgetful(Problem):
    """What instances share cannot be looked up, and guessing would do harm."""

    status = 503
    code = "forgetful"


class Crowded(Problem):
    """Too many at a time."""

    status = 503
    code = "crowded"
    seconds = 2


class Hasty(Problem):
    """Too much at a time."""

    status = 429
    code = "hasty"

    def __init__(self, detail: str, *, seconds: int) -> None:
        super().__init__(detail)
        self.seconds = seconds
