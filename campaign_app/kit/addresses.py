"""Addresses inside this installation."""


def is_local(path: str) -> bool:
    """Whether the address stays in this installation: `//host` and `/\\host` would not."""
    return path.startswith("/") and not path.startswith("//") and path.isprintable() and "\\" not in path
