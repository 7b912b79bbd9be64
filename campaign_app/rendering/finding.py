"""One finding of pre-flight. In its own module because the rendering process loads no database."""

from dataclasses import dataclass

from campaign_app.kit.text import number


@dataclass(frozen=True, slots=True)
class Finding:
    """`fix`: the step of the builder in which it is fixed (see FIX_STEPS), or ""."""

    severity: str
    title: str
    detail: str = ""
    fix: str = ""
    code: str = ""
    count: int = 0


def blocking(title: str, detail: str, fix: str, code: str, count: int = 0) -> Finding:
    """A finding that stops the launch."""
    return Finding("blocking", title, detail, fix, code, count)


def warning(title: str, detail: str, fix: str, code: str, count: int = 0) -> Finding:
    """A finding that is worth a look."""
    return Finding("warning", title, detail, fix, code, count)


def fine(title: str, code: str, detail: str = "", count: int = 0) -> Finding:
    """A check that found nothing wrong."""
    return Finding("fine", title, detail, "", code, count)


def people(count: int) -> str:
    """`1 person`, `4,218 people`."""
    return f"{number(count)} {'person' if count == 1 else 'people'}"
