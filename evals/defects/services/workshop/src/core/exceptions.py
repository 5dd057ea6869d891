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


class Hasty(Problem):
    """Too much at a time."""

    status = 429
    code = "hasty"

    def __init__(self, detail: str, *, seconds: int) -> None:
        super().__init__(detail)
        self.seconds = seconds
