"""The account form that an adapter declares: what pages show and how input is parsed. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class Kind(StrEnum):
    """How a field is entered."""

    TEXT = "text"
    EMAIL = "email"
    NUMBER = "number"
    CHOICE = "choice"
    SECRET = "secret"  # noqa: S105  (a kind of field)


@dataclass(frozen=True, slots=True)
class Choice:
    """One value of a CHOICE. `sets`: other fields that get a value with it; `warning`: shown while it is chosen."""

    value: str
    label: str
    sets: Mapping[str, str] = field(default_factory=dict)
    warning: str = ""


@dataclass(frozen=True, slots=True)
class Field:
    """A setting or secret by its name in the settings model."""

    name: str
    label: str
    kind: Kind = Kind.TEXT
    hint: str = ""
    placeholder: str = ""
    optional: bool = False
    choices: tuple[Choice, ...] = ()


@dataclass(frozen=True, slots=True)
class Group:
    """Fields under one title; a row holds one or two of them."""

    title: str
    rows: tuple[tuple[Field, ...], ...]


@dataclass(frozen=True, slots=True)
class Preset:
    """Settings of a well-known service. `hint`: the log-in that it expects."""

    label: str
    hint: str
    values: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Form:
    """The whole form. `name_hint` is shown under the account's name, which every provider has."""

    groups: tuple[Group, ...]
    presets: Mapping[str, Preset] = field(default_factory=dict)

    @property
    def fields(self) -> Sequence[Field]:
        """All fields in order."""
        return [each for group in self.groups for row in group.rows for each in row]

    def of_kind(self, kind: Kind) -> Sequence[Field]:
        """The fields of one kind."""
        return [each for each in self.fields if each.kind is kind]


def number(given: str) -> int | None:
    """A whole number as people write it (2,000); None when it is not a number."""
    plain = given.replace(",", "").replace(" ", "")
    return int(plain) if plain.isascii() and plain.isdigit() and len(plain) < 10 else None


def read(form: Form, given: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, str], dict[str, str]]:
    """(settings, secrets as typed, errors) of the submitted form."""
    settings: dict[str, Any] = {}
    secrets: dict[str, str] = {}
    wrong: dict[str, str] = {}
    for each in form.fields:
        entered = str(given.get(each.name, ""))
        if each.kind is Kind.SECRET:
            secrets[each.name] = entered
        elif each.kind is Kind.NUMBER:
            settings[each.name] = number(entered)
            if settings[each.name] is None:
                wrong[each.name] = "Enter a whole number."
                settings[each.name] = 1
        elif each.kind is Kind.CHOICE:
            known = [choice.value for choice in each.choices]
            settings[each.name] = entered if entered in known else known[0]
        else:
            settings[each.name] = entered.strip()
    return settings, secrets, wrong
