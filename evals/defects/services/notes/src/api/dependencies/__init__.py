"""What routes are given."""

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from src.core.exceptions import Unauthenticated
from src.core.logging import user_id
from src.core.security import read_token
from src.repositories.health import HealthRepository
from src.repositories.notes import NoteRepository
from src.repositories.users import UserRepository
from src.services.accounts import AccountService
from src.services.health import HealthService
from src.services.notes import NoteService

_bearer = HTTPBearer(auto_error=False, scheme_name="bearer")


async def account_service(request: Request) -> AccountService:
    """Registering and logging in."""
    await limited(request)
    secret = request.app.state.settings.jwt_secret.get_secret_value()
    return AccountService(UserRepository(request.app.state.pool), secret)


async def note_service(request: Request) -> NoteService:
    """Notes."""
    return NoteService(NoteRepository(request.app.state.pool))


async def current_user(
    request: Request,
    credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)],
) -> UUID:
    """Who calls."""
    try:
        if credentials is None:
            raise Unauthenticated("a token is needed")
        secret = request.app.state.settings.jwt_secret.get_secret_value()
        user = read_token(credentials.credentials, secret)
    except Unauthenticated:
        await limited(request)
        raise
    user_id.set(str(user))
    await limited(request, user)
    return user


async def limited(request: Request, user: UUID | None = None) -> None:
    """Counts the request."""
    address = request.client.host if request.client else ""
    await request.app.state.limits.admit(address, user)


async def health_service(request: Request) -> HealthService:
    """Whether the service can work."""
    return HealthService(HealthRepository(request.app.state.pool))


Accounts = Annotated[AccountService, Depends(account_service)]
Health = Annotated[HealthService, Depends(health_service)]
Notes = Annotated[NoteService, Depends(note_service)]
CurrentUser = Annotated[UUID, Depends(current_user)]
