"""How callers prove who they are, by the security schemes of the contract."""

from __future__ import annotations

from agent.binding.model import Proof
from agent.contract.model import Contract, SecurityScheme


def proofs_of(contract: Contract) -> dict[str, Proof]:
    """Name of a security scheme → what it carries; schemes that are not understood are left out."""
    found = {name: _proof(scheme) for name, scheme in contract.security_schemes.items()}
    return {name: proof for name, proof in found.items() if proof is not None}


def _proof(scheme: SecurityScheme) -> Proof | None:
    match scheme.kind, scheme.scheme.lower():
        case ("oauth2", _) | ("http", "bearer"):
            return Proof.TOKEN
        case ("http", "basic"):
            return Proof.PASSWORD
    return None
