"""Asking a running service: requests made from the contract, answers judged by it."""
