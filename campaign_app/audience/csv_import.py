"""Turns the cells of a row into a person: parsing, cleaning, and the reasons and warnings of the report. No I/O."""

import re
import unicodedata
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from campaign_app.audience import identity
from campaign_app.audience.headings import ATTRIBUTE, FIELDS
from campaign_app.kit.csv_stream import restore

BAD_EMAIL = "email not valid"
NO_IDENTITY = "neither e-mail nor phone"
BAD_WIDTH = "wrong number of columns"
REASONS = (BAD_EMAIL, NO_IDENTITY, BAD_WIDTH)
BAD_ZONE = "unknown time zone, left empty"
BAD_PHONE = "phone not valid, left empty"
ROUNDED_PHONE = "phone cut by a spreadsheet (4.9E+12), left empty"
BAD_LANGUAGE = "unknown language, left empty"

_TAG_SIGNS = re.compile(r"[,;|\r\n]")
_AS_TEXT = re.compile(r'="((?:[^"]|"")*)"')
ATTRIBUTE_LENGTH = 2_000
_KEY = re.compile(r"[a-z][a-z0-9_]{0,63}")
TEXTS = ("phone", "first_name", "last_name", "company", "time_zone", "language")


@dataclass(slots=True)
class Person:
    """What a row says about a contact. Empty texts mean: not given."""

    identity: str
    email: str = ""
    phone: str = ""
    first_name: str = ""
    last_name: str = ""
    company: str = ""
    time_zone: str = ""
    language: str = ""
    attributes: dict[str, str] = field(default_factory=dict)
    tags: tuple[str, ...] = ()

    def take(self, later: "Person", *, update: bool) -> None:
        """Merge a later row. Its filled cells replace earlier ones; without `update` they only fill gaps."""
        for name in TEXTS:
            value = getattr(later, name)
            if value and (update or not getattr(self, name)):
                setattr(self, name, value)
        self.attributes = {**self.attributes, **later.attributes} if update else {**later.attributes, **self.attributes}
        self.tags = merge_tags(self.tags, later.tags)


@dataclass(frozen=True, slots=True)
class Checked:
    """A checked row: a person, or the reason why there is none (`detail` says more). `bad`: the columns at fault."""

    person: Person | None
    reason: str = ""
    detail: str = ""
    warnings: tuple[str, ...] = ()
    bad: tuple[int, ...] = ()

    @property
    def words(self) -> str:
        """Why the row is left out, as a text for the file of rows left out."""
        return f"{self.reason}: {self.detail}" if self.detail else self.reason


@dataclass
class Report:
    """The counters of an import as stored and shown."""

    data_rows: int = 0
    contacts_created: int = 0
    duplicates_merged: int = 0
    rejected: dict[str, int] = field(default_factory=dict)
    warnings: dict[str, int] = field(default_factory=dict)

    def reject(self, reason: str) -> None:
        """Count a row that is left out."""
        self.rejected[reason] = self.rejected.get(reason, 0) + 1

    def warn(self, warning: str, rows: int) -> None:
        """Count rows that have a warning."""
        if rows:
            self.warnings[warning] = self.warnings.get(warning, 0) + rows

    def plus(self, other: "Report") -> "Report":
        """The sum of both reports."""
        return Report(
            self.data_rows + other.data_rows,
            self.contacts_created + other.contacts_created,
            self.duplicates_merged + other.duplicates_merged,
            dict(Counter(self.rejected) + Counter(other.rejected)),
            dict(Counter(self.warnings) + Counter(other.warnings)),
        )

    def as_dict(self) -> dict[str, Any]:
        """The keys of contacts-messy.expected.json."""
        return {
            "data_rows": self.data_rows,
            "contacts_created": self.contacts_created,
            "duplicates_merged": self.duplicates_merged,
            "rejected": dict(self.rejected),
            "warnings": dict(self.warnings),
        }


def mapping_problem(mapping: Mapping[str, str], columns: int) -> str:
    """What is wrong with a mapping, for a person; "" when nothing is."""
    used = [target for target in mapping.values() if target]
    for index, target in mapping.items():
        if not index.isdigit() or int(index) >= columns:
            return f"The file has no column {index}."
        known = target in FIELDS or (target.startswith(ATTRIBUTE) and _KEY.fullmatch(target.removeprefix(ATTRIBUTE)))
        if target and not known:
            return f"“{target}” is not a field that contacts have."
    twice = next((target for target in used if used.count(target) > 1), "")
    if twice:
        return f"Two columns go to “{FIELDS.get(twice, twice.removeprefix(ATTRIBUTE))}”. Leave one of them out."
    if not {"email", "phone"} & set(used):
        return "Choose the column with the e-mail address or the phone number. It identifies the contact."
    return ""


@lru_cache(maxsize=10_000)
def split_tags(cell: str) -> tuple[str, ...]:
    """The tags of a cell, separated by comma, semicolon or bar."""
    return merge_tags((), (" ".join(tag.split())[:64].rstrip() for tag in _TAG_SIGNS.split(cell)))


def merge_tags(tags: Sequence[str], more: Any) -> tuple[str, ...]:
    """Both, each tag once regardless of case."""
    found = {tag.casefold(): tag for tag in tags}
    for tag in more:
        if tag:
            found.setdefault(tag.casefold(), tag)
    return tuple(found.values())


def split_name(name: str) -> tuple[str, str]:
    """(first, last) of a full name: "Weber, Jonas" or "Jonas Weber"."""
    last, comma, first = name.partition(",")
    if comma:
        return first.strip(), last.strip()
    first, _, last = name.partition(" ")
    return first, last


@dataclass(frozen=True, slots=True)
class Shape:
    """What is known about a file's rows: how many cells the headings have, and how many a row needs at least.

    `shared_links`: cells with a mailto: link that occur in several rows. They lead to an office or a form. As personal
    addresses they would merge different people into one contact.
    """

    columns: int
    fewest: int
    shared_links: frozenset[str] = frozenset()


class Cleaner:
    """Turns the rows of one file into people. Created once per file."""

    def __init__(self, mapping: Mapping[str, str], country: str, shape: Shape) -> None:
        targets = {target: int(index) for index, target in mapping.items() if target}
        self._columns = shape.columns
        self._fewest = shape.fewest
        self._shared = shape.shared_links
        self._country = country
        self._email = targets.pop("email", -1)
        self._phone = targets.pop("phone", -1)
        self._tags = targets.pop("tags", -1)
        self._full = targets.pop("full_name", -1)
        self._zone = targets.pop("time_zone", -1)
        self._language = targets.pop("language", -1)
        self._lines = [(name, targets[name]) for name in ("first_name", "last_name", "company") if name in targets]
        self._attributes = [(n.removeprefix(ATTRIBUTE), i) for n, i in targets.items() if n.startswith(ATTRIBUTE)]

    def __call__(self, cells: Sequence[str]) -> Checked:
        """Check and clean one row."""
        wide = len(cells) - self._columns
        if len(cells) < self._fewest or (wide > 0 and any(map(str.strip, cells[self._columns :]))):
            return Checked(None, BAD_WIDTH, f"{len(cells)} cells where the headings have {self._columns}")
        if wide < 0:
            cells = [*cells, *[""] * -wide]
        given = cells[self._email].strip() if self._email >= 0 else ""
        email = identity.email_in(given) if given else ""
        if given in self._shared:
            return Checked(None, BAD_EMAIL, "The same mailto: link occurs in several rows", bad=(self._email,))
        if given and not email:
            return Checked(None, BAD_EMAIL, identity.email_problem(given), bad=(self._email,))
        number = text_of(cells[self._phone].strip()) if self._phone >= 0 else ""
        phone = identity.phone(number, self._country) if number else ""
        if not email and not phone:
            at_fault = (self._email if self._email >= 0 else self._phone,)
            return Checked(None, NO_IDENTITY, "No address and no phone number that works", bad=at_fault)
        person = Person(email or phone, email, phone)
        warnings: list[str] = []
        bad: list[int] = []
        if number and not phone:
            warnings.append(ROUNDED_PHONE if identity.is_rounded(number) else BAD_PHONE)
            bad.append(self._phone)
        self._fill(person, cells, warnings, bad)
        return Checked(person, warnings=tuple(warnings), bad=tuple(bad))

    def _fill(self, person: Person, cells: Sequence[str], warnings: list[str], bad: list[int]) -> None:
        for name, index in self._lines:
            if cells[index]:
                setattr(person, name, one_line(cells[index]))
        if self._full >= 0 and cells[self._full]:
            first, last = split_name(one_line(cells[self._full]))
            person.first_name = person.first_name or first
            person.last_name = person.last_name or last
        if self._zone >= 0 and cells[self._zone].strip():
            person.time_zone = identity.time_zone(cells[self._zone])
            if not person.time_zone:
                warnings.append(BAD_ZONE)
                bad.append(self._zone)
        if self._language >= 0 and cells[self._language].strip():
            person.language = identity.language(cells[self._language])
            if not person.language:
                warnings.append(BAD_LANGUAGE)
                bad.append(self._language)
        if self._attributes:
            person.attributes = {
                key: text_of(value)[:ATTRIBUTE_LENGTH]
                for key, index in self._attributes
                if (value := cells[index].strip())
            }
        if self._tags >= 0 and cells[self._tags]:
            person.tags = split_tags(text_of(cells[self._tags]))


@lru_cache(maxsize=20_000)  # first names and companies repeat often
def one_line(cell: str) -> str:
    """A cell as one line: white space reduced to single blanks, at most 255 characters."""
    return " ".join(text_of(cell).split())[:255].rstrip()


def text_of(cell: str) -> str:
    """A cell in NFC, without the apostrophe of our export or the ="…" in which spreadsheets keep text."""
    if cell.startswith("'"):
        text = restore(cell)
    else:
        kept = _AS_TEXT.fullmatch(cell) if cell.startswith('="') else None
        text = kept[1].replace('""', '"') if kept else cell
    return text if text.isascii() else unicodedata.normalize("NFC", text)
