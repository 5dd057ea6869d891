"""Registering and logging in."""

from fastapi import APIRouter

from src.api.dependencies import Accounts
from src.api.routes.responses import refusals
from src.schemas.api import Credentials, Token, User

router = APIRouter(prefix="/auth")


@router.post("/register", status_code=201, responses=refusals(409, 422))
async def register(accounts: Accounts, body: Credentials) -> User:
    """Become a user."""
    return await accounts.register(body)


@router.post("/login", responses=refusals(401, 422))
async def login(accounts: Accounts, body: Credentials) -> Token:
    """Get a token."""
    return await accounts.login(body)
