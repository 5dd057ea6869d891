"""The contract: an OpenAPI document, validated and read into operations."""
