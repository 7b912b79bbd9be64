"""Normal forms of addresses, numbers and zones; fields found by headings."""

import phonenumbers
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from campaign_app.audience import headings, identity
from campaign_app.audience.csv_import import Cleaner, Person, Shape, split_name, split_tags


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("  A.B@EXAMPLE.com ", "a.b@example.com"),
        ("user+tag@example.org", "user+tag@example.org"),
        ("a@Bücher.example.com", "a@xn--bcher-kva.example.com"),
        ("a@xn--BCHER-kva.example.com", "a@xn--bcher-kva.example.com"),
        ("\ufeffa@example.com\u200b", "a@example.com"),
        ("a@sub.domain.example.co.uk", "a@sub.domain.example.co.uk"),
        ("o'neil@example.com", "o'neil@example.com"),
        ("a@b", ""),
        ("a@1.2.3.4", ""),
        ("a@example.com.", ""),
        ("mailto:a@example.com", ""),
        ("a@example.com, b@example.com", ""),
        ("Anna <a@example.com>", ""),
        (".a@example.com", ""),
        ("a" * 65 + "@example.com", ""),
        ("a@" + "b" * 64 + ".com", ""),
        ("zoë@example.com", ""),
        ("a\r\nbcc:x@example.com", ""),
        ("", ""),
    ],
)
def test_email(given: str, expected: str) -> None:
    assert identity.email(given) == expected
    assert bool(identity.email_problem(given)) == (not expected)


@given(st.text(max_size=30) | st.emails())
def test_an_address_in_its_one_spelling_stays(text: str) -> None:
    address = identity.email(text)
    assert identity.email(address) == address
    assert not any(c.isspace() or ord(c) < 33 or ord(c) > 126 for c in address)


@pytest.mark.parametrize(
    ("given", "country", "expected"),
    [
        ("0151 20004895", "DE", "+4915120004895"),
        ("+49.151.20001315", "US", "+4915120001315"),
        ("0049 (0)151 / 2000-1315", "DE", "+4915120001315"),
        ("(650) 253-0000", "US", "+16502530000"),
        ("020 7946 0958", "GB", "+442079460958"),
        ("12", "DE", ""),
        ("n/a", "DE", ""),
        ("+", "DE", ""),
        ("00", "DE", ""),
        ("0" * 15, "DE", ""),
        ("+49 30 901820 ext. 5", "DE", ""),
    ],
)
def test_phone(given: str, country: str, expected: str) -> None:
    assert identity.phone(given, country) == expected


_CODES = sorted(code for code in phonenumbers.COUNTRY_CODE_TO_REGION_CODE if code < 800)


@settings(max_examples=500, deadline=None)
@given(st.sampled_from([*_CODES, 49, 49, 33, 34]), st.from_regex(r"\A[0-9]{3,12}\Z"), st.booleans())
def test_the_quick_way_of_phones_is_the_careful_way(code: int, rest: str, domestic: bool) -> None:
    text = f"0{rest}" if domestic else f"+{code}{rest}"
    quick = identity._quick_phone(text, "DE")
    assert not quick or quick == identity._careful_phone(text, "DE")


def test_zones_and_languages() -> None:
    assert identity.time_zone(" america/new york ") == "America/New_York"
    assert identity.time_zone("Mars/Olympus") == ""
    assert identity.language("PT_br") == "pt-BR"
    assert identity.language("zh-hant") == "zh-Hant"
    assert identity.language("Deutsch") == ""
    assert identity.is_country("de")
    assert not identity.is_country("XX")


@pytest.mark.parametrize(
    ("heading", "field"),
    [
        ("E-Mail Address", "email"),
        ("E-Mail-Adresse", "email"),
        ("Adresse e-mail", "email"),
        ("Correo electrónico", "email"),
        ("Indirizzo e-mail", "email"),
        ("E-mailadres", "email"),
        ("Endereço de e-mail", "email"),
        ("Adres e-mail", "email"),
        ("Work Email", "email"),
        ("Mobile", "phone"),
        ("Handynummer", "phone"),
        ("Téléphone portable", "phone"),
        ("Número de teléfono", "phone"),
        ("Numer telefonu", "phone"),
        ("Vorname", "first_name"),
        ("Prénom", "first_name"),
        ("Imię", "first_name"),
        ("Voornaam", "first_name"),
        ("Apellidos", "last_name"),
        ("Cognome", "last_name"),
        ("Sobrenome", "last_name"),
        ("Nazwisko", "last_name"),
        ("Name", "full_name"),
        ("Imię i nazwisko", "full_name"),
        ("Firma", "company"),
        ("Raison sociale", "company"),
        ("Bedrijfsnaam", "company"),
        ("Zeitzone", "time_zone"),
        ("Fuseau horaire", "time_zone"),
        ("Langue", "language"),
        ("Newsletter Tags", "tags"),
        ("Schlagwörter", ""),
        ("Product name", ""),
        ("LTV €", ""),
        ("", ""),
    ],
)
def test_headings_in_eight_languages(heading: str, field: str) -> None:
    assert headings.field_for(heading) == field


def test_proposals_use_each_field_once_and_find_addresses_by_their_looks() -> None:
    proposed = headings.propose(["Kontakt X", "E-Mail", "Work email", "E-Mail", "LTV €", "LTV €", "日本", ""], [], {})
    assert list(proposed.values()) == [
        "attribute:kontakt_x", "email", "attribute:work_email", "attribute:e_mail",
        "attribute:ltv", "attribute:ltv_2", "attribute:field_7", "",
    ]  # fmt: skip
    assert len(set(filter(None, proposed.values()))) == 7
    by_looks = headings.propose(["A", "B"], [["x", "a@example.com"], ["y", "b@example.com"]], {"A": "known"})
    assert by_looks == {"0": "attribute:known", "1": "email"}


def test_names_and_tags() -> None:
    assert split_name("Anna Maria Berg") == ("Anna", "Maria Berg")
    assert split_name("Berg, Anna") == ("Anna", "Berg")
    assert split_tags(" vip, VIP ;beta|  two  words \n") == ("vip", "beta", "two words")


_texts = st.text(max_size=8)
_people = st.builds(
    Person,
    st.just("a@example.com"),
    first_name=_texts,
    company=_texts,
    attributes=st.dictionaries(st.sampled_from("abc"), st.text(min_size=1, max_size=3)),
    tags=st.lists(st.sampled_from(["x", "X", "y"])).map(tuple),
)


@given(_people, _people, st.booleans())
def test_merging_never_loses_a_filled_cell_and_twice_is_once(first: Person, later: Person, update: bool) -> None:
    filled = {name for name in ("first_name", "company") if getattr(first, name) or getattr(later, name)}
    keys = {*first.attributes, *later.attributes}
    first.take(later, update=update)
    once = (first.first_name, first.company, dict(first.attributes), first.tags)
    first.take(later, update=update)
    assert once == (first.first_name, first.company, dict(first.attributes), first.tags)
    assert filled == {name for name in ("first_name", "company") if getattr(first, name)}
    assert keys == set(first.attributes)


@given(st.lists(st.text(max_size=20), min_size=3, max_size=3))
def test_cleaning_never_breaks_on_any_cells(cells: list[str]) -> None:
    checked = Cleaner({"0": "email", "1": "phone", "2": "full_name"}, "DE", Shape(3, 3))(cells)
    assert (checked.person is None) == bool(checked.reason)
    if checked.person:
        assert checked.person.identity
        assert "\n" not in checked.person.first_name + checked.person.last_name
