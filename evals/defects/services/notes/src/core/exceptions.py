"""What can go wrong on purpose, with status and code."""


class ServiceError(Exception):
    """Base of all errors that are answered as they are."""

    status = 500
    code = "internal"

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class Unauthenticated(ServiceError):
    """Nobody, or not who they say."""

    status = 401
    code = "unauthenticated"


class NotFound(ServiceError):
    """There is no such thing for this caller."""

    status = 404
    code = "not_found"


class Conflict(ServiceError):
    """Something like it exists already."""

    status = 409
    code = "conflict"


class TooMany(ServiceError):
    """The caller asks too often."""

    status = 429
    code = "too_many"

    def __init__(self, seconds: int) -> None:
        super().__init__(f"too many requests, come back in {seconds} seconds")
        self.seconds = seconds
