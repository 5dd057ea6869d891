"""Registering and logging in."""

from src.core.exceptions import Unauthenticated
from src.core.security import hash_password, issue_token, verify_password
from src.repositories.users import UserRepository
from src.schemas.api import Credentials, Token, User


class AccountService:
    """Who may call."""

    def __init__(self, users: UserRepository, secret: str) -> None:
        self._users = users
        self._secret = secret

    async def register(self, body: Credentials) -> User:
        """A new user."""
        user = await self._users.add(body.email, await hash_password(body.password))
        return User.model_validate(user)

    async def login(self, body: Credentials) -> Token:
        """A token for a known user."""
        user = await self._users.by_email(body.email)
        if user is None or not await verify_password(body.password, user.password_hash):
            raise Unauthenticated("address or password is wrong")
        return Token(access_token=issue_token(user.id, self._secret), token_type="bearer")
