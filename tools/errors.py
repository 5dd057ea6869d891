"""Errors of the tools, drawn in one place.

ToolError
├── Refused                 asked for something outside the workspace, or otherwise not allowed
├── EditFailed              an edit does not apply; the message shows the nearest match
├── SandboxUnavailable      no sandbox of the asked kind works here; the message says what to install
└── ServerUnavailable       PostgreSQL or Valkey cannot be found, started or reached
"""

from __future__ import annotations


class ToolError(Exception):
    """Base of all errors that tools raise on purpose."""


class Refused(ToolError):
    """Asked for something that is not allowed."""


class EditFailed(ToolError):
    """An edit does not apply."""


class SandboxUnavailable(ToolError):
    """No sandbox of the asked kind works on this machine."""


class ServerUnavailable(ToolError):
    """PostgreSQL or Valkey cannot be found, started or reached."""
