"""The binding: which operation does what with which table."""
