"""Imports what services import: one run of mypy on it fills a cache for every new workspace."""

import argon2
import asyncpg
import email_validator
import fastapi
import fastapi.exceptions
import fastapi.openapi.utils
import fastapi.responses
import fastapi.security
import fastapi.testclient
import httpx
import jwt
import opentelemetry.exporter.otlp.proto.http.trace_exporter
import opentelemetry.sdk.trace.export.in_memory_span_exporter
import opentelemetry.trace.propagation.tracecontext
import prometheus_client
import pydantic
import pydantic_settings
import pytest
import pytest_asyncio
import redis.asyncio
import redis.exceptions
import sqlalchemy
import sqlalchemy.ext.asyncio
import starlette.exceptions
import starlette.types
import uvicorn
from alembic import command, config, context, op, script

__all__ = [
    "argon2",
    "asyncpg",
    "command",
    "config",
    "context",
    "email_validator",
    "fastapi",
    "httpx",
    "jwt",
    "op",
    "opentelemetry",
    "prometheus_client",
    "pydantic",
    "pydantic_settings",
    "pytest",
    "pytest_asyncio",
    "redis",
    "script",
    "sqlalchemy",
    "starlette",
    "uvicorn",
]
