"""Labels of the log. Pure."""

from collections.abc import Mapping
from typing import Any

from campaign_app.audit.service import Choices, Fault, Proof
from campaign_app.kit.text import plural


def action(name: str) -> str:
    """user.reset_password → User: reset password."""
    noun, _, verb = name.partition(".")
    return f"{thing(noun)}: {verb.replace('_', ' ')}" if verb else thing(noun)


def thing(object_type: str) -> str:
    """contact_list → Contact list."""
    return object_type.replace("_", " ").capitalize()


def details(found: Mapping[str, Any]) -> str:
    """role: viewer → marketer · ids: 3, 4."""
    return " · ".join(f"{name.replace('_', ' ')}: {_value(value)}" for name, value in found.items())


def _value(value: Any) -> str:
    if isinstance(value, Mapping):
        if set(value) == {"from", "to"}:
            return f"{_value(value['from'])} → {_value(value['to'])}"
        return ", ".join(f"{key} {_value(item)}" for key, item in value.items())
    if isinstance(value, list):
        return ", ".join(_value(item) for item in value)
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value) if value not in (None, "") else "–"


def choices(found: Choices) -> dict[str, dict[str, Any]]:
    """The filters of the page: field → label → value. People with the same name get their number after it."""
    names = [name for _, name in found.actors]
    return {
        "action": {action(name): name for name in found.actions},
        "thing": {thing(kind): kind for kind in found.object_types},
        "person": {
            (f"{name} ({actor_id})" if names.count(name) > 1 else name): actor_id for actor_id, name in found.actors
        },
    }


_FAULTS = {
    Fault.END: "The newest entry is missing or was replaced.",
    Fault.HEAD: "The signed end of the log is missing, or another key signed it.",
    Fault.COUNT: "The number of entries is not the number that was written.",
    Fault.EMPTY: "The log is empty, although people exist.",
    Fault.ANCHOR: "An entry that was anchored is missing or was replaced.",
    Fault.BROKEN: "The end of the log was already wrong when later entries were written.",
}


def verdict(found: Proof, checked_at: str) -> str:
    """The result of the check as text."""
    if found.is_whole:
        count = plural(found.anchor.count, "entry", "entries")
        return f"Every entry is unchanged and none is missing ({count}). Checked {checked_at}."
    parts = [_FAULTS[Fault(fault)] for fault in found.faults]
    if found.wrong:
        shown = ", ".join(str(entry_id) for entry_id in found.wrong[:10])
        parts.insert(0, f"{plural(len(found.wrong), 'entry does', 'entries do')} not fit: number {shown}.")
    why = "Somebody changed the database by hand, or var/secret.key was replaced. Compare with a backup."
    return " ".join([*parts, why, f"Checked {checked_at}."])
