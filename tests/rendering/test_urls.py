"""Variables are percent-encoded where their value is a part of an address."""

import pytest

from campaign_app.rendering import plain_text, urls
from campaign_app.rendering.templating import compile_message, context_for, render_url

ANN = {"email": "ann+news@d1.example", "first_name": "Ann & Co = 100%", "company": "a/b c", "attributes": {}}
VALUES = context_for(ANN) | {"site": "https://own.test/x?y=1&z", "host": "own.test:8080", "vip": "", "part": "sub"}


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ("https://a.test/?e={{ email }}", "https://a.test/?e=ann%2Bnews%40d1.example"),
        ("https://a.test/{{ company }}/x", "https://a.test/a%2Fb%20c/x"),
        ("https://a.test/#{{ first_name|default('x') }}", "https://a.test/#Ann%20%26%20Co%20%3D%20100%25"),
        ("https://a.test/?e={{ email|urlencode }}", "https://a.test/?e=ann%2Bnews%40d1.example"),
        ("https://a.test/?e={{ (email|urlencode)|lower }}", "https://a.test/?e=ann%2bnews%40d1.example"),
        ("https://a.test/?e={{ '|urlencode' ~ email }}", "https://a.test/?e=%7Curlencodeann%2Bnews%40d1.example"),
        ("https://a.test/?e={{ email if email else 'x' }}", "https://a.test/?e=ann%2Bnews%40d1.example"),
        ("https://a.test/?e={{- email -}} ", "https://a.test/?e=ann%2Bnews%40d1.example"),
        ("{{ site }}", "https://own.test/x?y=1&z"),
        (" {{ site }}&e={{ email }}", "https://own.test/x?y=1&z&e=ann%2Bnews%40d1.example"),
        ("https://{{ host }}/{{ email }}", "https://own.test:8080/ann%2Bnews%40d1.example"),
        ("https://{{ host }}", "https://own.test:8080"),
        ("https://{{ company }}.a.test/", "https://a%2Fb%20c.a.test/"),
        ("{% if vip %}https://v.test/{{ email }}{% else %}{{ site }}{% endif %}", "https://own.test/x?y=1&z"),
        ("{% if not vip %}https://v.test/{% endif %}{{ email }}", "https://v.test/ann%2Bnews%40d1.example"),
        (
            "mailto:{{ email }}?subject={{ first_name }}",
            "mailto:ann+news@d1.example?subject=Ann%20%26%20Co%20%3D%20100%25",
        ),
        ("tel:{{ email }}", "tel:ann+news@d1.example"),
        ("https://a.test/?x={{ nothing }}", "https://a.test/?x="),
    ],
)
def test_a_value_that_is_a_part_is_encoded(template: str, expected: str) -> None:
    assert render_url(template, VALUES) == expected
    if template.startswith("https"):
        made = compile_message("s", "", f'<a href="{template}">x</a>', template, footer=False).render(VALUES)
        assert f'"{expected.replace("&", "&amp;")}"' in made.html.replace("%27", "'")
        assert made.text.strip() == expected


def test_pictures_too() -> None:
    source = (
        '<img src="https://a.test/{{ email }}.png"><td background="https://a.test/?{{ company }}">'
        '<p title="{{ email }}">'
    )
    made = compile_message("s", "", source, footer=False).render(VALUES).html
    for expected in (
        '"https://a.test/ann%2Bnews%40d1.example.png"',
        '"https://a.test/?a%2Fb%20c"',
        '"ann+news@d1.example"',
    ):
        assert expected in made


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("see https://a.test/x.", ["https://a.test/x"]),
        ("(https://a.test/x_(y))", ["https://a.test/x_(y)"]),
        ("[https://a.test/x](https://b.test)", ["https://a.test/x", "https://b.test"]),
        (
            "(https://a.test/x.),(https://b.test/?u=https://c.test)",
            ["https://a.test/x", "https://b.test/?u=https://c.test"],
        ),
        ("http://[2001:db8::1]/x]", ["http://[2001:db8::1]/x"]),
        ("'https://a.test/it's'", ["https://a.test/it's"]),
        ("https://a.test/?q={{ email }}, and", ["https://a.test/?q={{ email }}"]),
        ("{% if x %}https://a.test/{% endif %}", ["https://a.test/"]),
        ("https://a.test/{% if x %}b{% else %}c{% endif %}?d", ["https://a.test/{% if x %}b{% else %}c{% endif %}?d"]),
        ("“https://a.test/x”…", ["https://a.test/x"]),
        ("https:// http://. HTTPS://A.test/", ["HTTPS://A.test/"]),
        ("{# https://a.test #}{{ 'https://b.test' }}", []),
    ],
)
def test_addresses_in_plain_text(text: str, expected: list[str]) -> None:
    assert plain_text.targets(text) == expected


def test_a_blank_in_an_address_does_not_end_it_in_the_text_version() -> None:
    assert urls.written("https://a.test/a b<c>") == "https://a.test/a%20b%3Cc%3E"
    made = compile_message("s", "", "<a href='https://a.test/a b'>x</a>", footer=False).render({})
    assert made.text == "x (https://a.test/a%20b)\n"
