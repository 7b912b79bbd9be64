"""Normal forms of e-mail addresses, phone numbers, time zones and languages."""

import re
from functools import cache, lru_cache
from typing import Any
from urllib.parse import unquote
from zoneinfo import available_timezones

import idna
import phonenumbers

_LOCAL = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*")
_DOMAIN = re.compile(r"(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+(?=.*[a-z])[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])")
_MAILTO = re.compile(r"mailto:", re.IGNORECASE)
_ANGLE = re.compile(r"<([^<>]*)>$")
_BETWEEN = re.compile(r"[;,|\s]+")
_AROUND = " \t\u00a0\"'`´‘’“”„«»<>="
_BEHIND = ".,;"
_ROUNDED = re.compile(r"[+-]?\d(?:[.,]\d+)?[eE][+-]?\d+")
_INVISIBLE = "\u200b\u200c\u200d\u2060\ufeff"
_PHONE_SIGNS = str.maketrans("", "", " \t\u00a0().-/")
_PLAIN_PHONE = re.compile(r"\+?[0-9]{5,15}")
_LANGUAGE = re.compile(r"([A-Za-z]{2,3})(?:[-_]([A-Za-z]{2,4}))?")


def _bare(text: str) -> str:
    return text.strip().strip(_INVISIBLE).strip()


def email_in(cell: str) -> str:
    """The one address in a table cell or pasted line; "" when there is none or more than one.

    Also read: `Ann Lee <ann@…>`, `mailto:ann@…`, an address in quotation marks, one followed by a full stop.
    """
    given = _bare(cell)
    if found := _MAILTO.match(given):
        given = unquote(given[found.end() :].partition("?")[0])
    if found := _ANGLE.search(given):
        given = found[1]
    return email(given.strip(_AROUND).rstrip(_BEHIND))


def _several(cell: str) -> bool:
    found = [piece for piece in _BETWEEN.split(cell[:2_000]) if "@" in piece and email_in(piece)]
    return len(found) > 1


def email(text: str) -> str:
    """The address in lower case with its domain in ASCII; "" when it is not an address."""
    local, at, domain = _bare(text).rpartition("@")
    if not at or len(local) > 64 or not _LOCAL.fullmatch(local):
        return ""
    domain = _ascii_domain(domain)
    address = f"{local.lower()}@{domain}"
    return address if domain and len(address) <= 254 else ""


@lru_cache(maxsize=20_000)
def _ascii_domain(text: str) -> str:
    domain = text.lower()
    if not text.isascii():
        try:
            domain = idna.encode(text, uts46=True).decode()
        except (idna.IDNAError, UnicodeError):
            return ""
    return domain if len(domain) <= 253 and _DOMAIN.fullmatch(domain) else ""


def email_problem(text: str) -> str:
    """What is wrong with an address, for a person; "" when nothing is."""
    given = _bare(text)
    if email(given):
        return ""
    if _several(given):
        return "Two addresses in one cell"
    local, _, domain = given.rpartition("@")
    checks = (
        (not given, "No e-mail address"),
        ("@" not in given, "The address has no @ sign"),
        (given.count("@") > 1, "Two @ signs in the address"),
        (any(c.isspace() for c in given), "A space inside the address"),
        (not local, "Nothing before the @ sign"),
        (not domain, "Nothing after the @ sign"),
        (".." in given or local.startswith(".") or local.endswith("."), "A dot in the wrong place"),
        ("." not in domain, "The address has no ending such as .com"),
        (not local.isascii(), "Letters before the @ sign that mail servers do not accept"),
        (len(given) > 254 or len(local) > 64, "The address is too long"),
        (not _LOCAL.fullmatch(local), "A character that addresses cannot have"),
    )
    return next((problem for wrong, problem in checks if wrong), "The part after the @ sign is not a domain")


def phone(text: str, country: str) -> str:
    """The number in E.164; "" when it is not a number. Without a country code it is read as a number of `country`."""
    given = _bare(text)
    if not given:
        return ""
    return _quick_phone(given.translate(_PHONE_SIGNS), country) or _careful_phone(given, country)


def is_rounded(text: str) -> bool:
    """Whether a spreadsheet rounded the number, such as 4.91512E+12."""
    return bool(_ROUNDED.fullmatch(_bare(text)))


def _careful_phone(text: str, country: str) -> str:
    try:
        number = phonenumbers.parse(text, country or None)
    except phonenumbers.NumberParseException:
        return ""
    if number.extension or not phonenumbers.is_valid_number(number):
        return ""
    return str(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164))


def _quick_phone(compact: str, country: str) -> str:
    """Reads the common spellings, 20 × faster. "" means: use `_careful_phone`."""
    if not _PLAIN_PHONE.fullmatch(compact):
        return ""
    if compact.startswith("+"):
        return _international(compact[1:])
    home = _country(country)
    if home is None or home[1] != "0" or not compact.startswith("0"):
        return ""
    if compact.startswith("00"):
        return _international(compact[2:]) if home[2] == "00" else ""
    code, national = home[0], compact[1:]
    return f"+{code}{national}" if national[0] != "0" and _valid(code, national) else ""


def _international(digits: str) -> str:
    for length in (1, 2, 3):
        code = digits[:length]
        if not code.startswith("0") and int(code or 0) in phonenumbers.COUNTRY_CODE_TO_REGION_CODE:
            national = digits[length:]
            return f"+{code}{national}" if national[:1] != "0" and _valid(code, national) else ""
    return ""


@cache
def _country(country: str) -> tuple[str, str | None, str | None] | None:
    metadata = phonenumbers.PhoneMetadata.metadata_for_region(country.upper(), None)
    if metadata is None:
        return None
    return str(metadata.country_code), metadata.national_prefix_for_parsing, metadata.international_prefix


def is_country(code: str) -> bool:
    """Whether phone numbers of this country (ISO 3166, two letters) can be read."""
    return _country(code) is not None


@cache
def _patterns(code: str) -> tuple[re.Pattern[str], tuple[tuple[frozenset[int], re.Pattern[str]], ...]] | None:
    """(general pattern, number types) of a calling code that has one country and a plain national prefix, else None."""
    regions = phonenumbers.COUNTRY_CODE_TO_REGION_CODE[int(code)]
    metadata = phonenumbers.PhoneMetadata.metadata_for_region(regions[0], None) if len(regions) == 1 else None
    if metadata is None or metadata.national_prefix_for_parsing not in {None, "0"} or metadata.leading_digits:
        return None
    general: Any = metadata.general_desc
    kinds = tuple(
        (frozenset(kind.possible_length or general.possible_length), re.compile(kind.national_number_pattern))
        for kind in (getattr(metadata, name) for name in _KINDS)
        if kind is not None and kind.national_number_pattern
    )
    return re.compile(general.national_number_pattern), kinds


_KINDS = ("fixed_line", "mobile", "toll_free", "premium_rate", "shared_cost", "voip", "personal_number", "pager", "uan",
          "voicemail")  # fmt: skip


def _valid(code: str, national: str) -> bool:
    known = _patterns(code)
    if known is None or not known[0].fullmatch(national):
        return False
    length = len(national)
    return any(length in lengths and pattern.fullmatch(national) for lengths, pattern in known[1])


def address(text: str, country: str = "") -> str:
    """The normal form of an e-mail address or phone number; "" when it is neither."""
    return email(text) if "@" in text else phone(text, country)


@cache
def _zones() -> dict[str, str]:
    return {name.lower(): name for name in available_timezones()}


@lru_cache(maxsize=2_000)
def time_zone(text: str) -> str:
    """The IANA name; "" when there is no such zone."""
    return _zones().get(_bare(text).replace(" ", "_").lower(), "")


@lru_cache(maxsize=2_000)
def language(text: str) -> str:
    """`de` or `pt-BR`; "" when it is not a language code."""
    found = _LANGUAGE.fullmatch(_bare(text))
    if not found:
        return ""
    region = found[2] or ""
    return found[1].lower() + (f"-{region.upper() if len(region) == 2 else region.title()}" if region else "")
