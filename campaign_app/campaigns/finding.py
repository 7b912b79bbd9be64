"""One thing that pre-flight found. Apart from the other schemas: the process that renders loads no database."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Finding:
    """`fix` names the builder's step that mends it (see FIX_STEPS), "" when none."""

    severity: str
    title: str
    detail: str = ""
    fix: str = ""
    code: str = ""
    count: int = 0
