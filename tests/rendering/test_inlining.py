"""Style sheets: what is inlined, what stays in its sheet, which rule wins. The browser test compares pixels."""

import time

import pytest

from campaign_app.rendering import css, inlining
from campaign_app.rendering.markup import Page
from campaign_app.rendering.templating import compile_message


def inlined(sheet: str, body: str, media: str = "") -> str:
    """The page after inlining, without the outer tags."""
    page = Page(f"<!DOCTYPE html><html><style{media}>{sheet}</style><body>{body}</body></html>")
    inlining.inline(page)
    made = page.source().replace("{% raw %}{#{% endraw %}", "{#")
    return made.removeprefix("<!DOCTYPE html><html>").removesuffix("</body></html>")


@pytest.mark.parametrize(
    "sheet",
    [
        "a:hover{color:red}",
        "a:visited , a::before{color:red}",
        "p:first-child{color:red}",
        "[data-ogsc] .a{color:red}",
        "@media (max-width:600px){.a{color:red}}",
        "@media(max-width:600px){#logo{width:100%}.a{color:red}}",
        "@supports (display:grid){@media print{.a{color:red}}}",
        "@font-face{font-family:X;src:url(x.woff2)}",
        "@import url('x.css');",
        "@keyframes x{0%{color:red}100%{color:blue}}",
        ".ExternalClass{width:100%}",
        "#outlook a{padding:0}",
        "u + .body .a{color:red}",
        ".a{&:hover{color:red}}",
        ".a{color:red",
        "}}}.a{",
        "a[",
        "@media{" * 50,
        '.a{content:"}',
    ],
)
def test_what_cannot_be_inlined_stays_as_written(sheet: str) -> None:
    body = '<p class="x">words <a class="a" href="#">link</a></p>'
    assert inlined(sheet, body) == f"<style>{sheet}</style><body>{body}"


@pytest.mark.parametrize("media", [' media="print"', " media='(max-width: 600px)'", ' type="text/x-other"'])
def test_sheets_of_other_media_are_left_alone(media: str) -> None:
    body = '<p class="a">words</p>'
    assert inlined(".a{color:red}", body, media) == f"<style{media}>.a{{color:red}}</style><body>{body}"


@pytest.mark.parametrize(
    ("sheet", "body", "expected"),
    [
        ("p{color:red}", "<p>x</p>", '<style></style><body><p style="color: red;">x</p>'),
        ("p{color:red}.a{color:blue}", '<p class="a">', '<style></style><body><p style="color: blue;" class="a">'),
        (
            "#i{color:red}p.a{color:blue}",
            "<p id=i class=a>",
            '<style></style><body><p style="color: red;" id=i class=a>',
        ),
        (
            "p{color:red!important}.a{color:blue}",
            "<p class=a>",
            '<style></style><body><p style="color: red !important;" class=a>',
        ),
        ("p{color:red;margin:0}", '<p style="color:blue">', '<style></style><body><p style="margin: 0;color:blue">'),
        (
            "p{color:red!important}",
            "<p style='color:blue'>",
            "<style></style><body><p style='color: red !important;color:blue'>",
        ),
        ("p{color:red}", "<p style=color:blue;>", "<style></style><body><p style=color:blue;>"),
        ("p{margin:0}", "<p style=color:blue>", '<style></style><body><p style="margin: 0;color:blue">'),
        ('p{font-family:"A B"}', "<p>", "<style></style><body><p style=\"font-family: 'A B';\">"),
        (
            "p{background:red;background:url(a.png)}",
            "<p>",
            '<style></style><body><p style="background: red;background: url(a.png);">',
        ),
        ("p,.nobody{color:red}", "<p>", '<style>p,.nobody{color:red}</style><body><p style="color: red;">'),
        ("/* a */ p /* b */ {color: /* c */ red}", "<p>", '<style>/* a */ </style><body><p style="color: red;">'),
        ("<!-- p{color:red} -->", "<p>", '<style><!-- --></style><body><p style="color: red;">'),
        ("td>p{color:red}", "<table><tr><td><p>", '<style></style><body><table><tr><td><p style="color: red;">'),
        ("p{color:{{ tone }}}", "<p>", '<style></style><body><p style="color: {{ tone }};">'),
        ("p{color:red}", '<p class="{{ tone }}">', '<style>p{color:red}</style><body><p class="{{ tone }}">'),
        (
            "p{color:red}{% if x %}p{color:blue}{% endif %}",
            "<p>",
            "<style>p{color:red}{% if x %}p{color:blue}{% endif %}</style><body><p>",
        ),
        (
            "p{color:red}",
            "<!--[if mso]><p><![endif]--><p>",
            '<style>p{color:red}</style><body><!--[if mso]><p><![endif]--><p style="color: red;">',
        ),
    ],
)
def test_who_wins(sheet: str, body: str, expected: str) -> None:
    assert inlined(sheet, body) == expected


@pytest.mark.parametrize(
    ("sheet", "body", "expected"),
    [
        # a kept rule that won still wins
        (
            "a{color:red}a:hover{color:blue}",
            "<a>",
            '<style>a:hover{color:blue !important}</style><body><a style="color: red;">',
        ),
        (
            "a:hover{color:blue;}a{color:red}",
            "<a>",
            '<style>a:hover{color:blue !important;}</style><body><a style="color: red;">',
        ),
        (
            ".c{width:50%}@media x{.c{width:100%}}",
            "<p class=c>",
            '<style>@media x{.c{width:100% !important}}</style><body><p style="width: 50%;" class=c>',
        ),
        (
            ".c{margin:1px}@media x{.c{margin-top:0}}",
            "<p class=c>",
            '<style>@media x{.c{margin-top:0 !important}}</style><body><p style="margin: 1px;" class=c>',
        ),
        (
            ".c{color:red}[data-ogsc] .c{color:blue}",
            "<p class=c>",
            '<style>[data-ogsc] .c{color:blue !important}</style><body><p style="color: red;" class=c>',
        ),
        # a kept rule that lost still loses
        (
            "@media x{.c{width:100%}}#i{width:50%}",
            "<p id=i class=c>",
            '<style>@media x{.c{width:100%}}</style><body><p style="width: 50%;" id=i class=c>',
        ),
        (
            "@media x{.c{width:9px}}",
            '<p class=c style="width:1px">',
            '<style>@media x{.c{width:9px}}</style><body><p class=c style="width:1px">',
        ),
        # where !important would win too often, the property stays in the sheet for the elements concerned
        (
            ".c{width:50%}@media x{.c{width:9px}}",
            '<i class=c></i><b class=c style="width:1px">',
            '<style>.c{width:50%}@media x{.c{width:9px}}</style><body><i class=c></i><b class=c style="width:1px">',
        ),
        (
            "p{color:red!important}@media x{.c{color:blue!important}}",
            "<p class=c>",
            "<style>p{color:red!important}@media x{.c{color:blue!important}}</style><body><p class=c>",
        ),
        # kept rules keep their order among each other
        (
            ".c{color:red}.c:hover{color:blue}@media x{p.c:hover{color:tan}}",
            "<p class=c>",
            "<style>.c:hover{color:blue !important}@media x{p.c:hover{color:tan !important}}</style>"
            '<body><p style="color: red;" class=c>',
        ),
    ],
)
def test_kept_rules_have_the_effect_that_they_had(sheet: str, body: str, expected: str) -> None:
    assert inlined(sheet, body) == expected


def test_the_rest_of_the_page_is_untouched() -> None:
    source = (
        '<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0 Transitional//EN" "http://www.w3.org/TR/xhtml1/DTD/x.dtd">\n'
        "<html xmlns:o='urn:x'><head><!--[if mso]><xml><o:PixelsPerInch>96</o:PixelsPerInch></xml>"
        "<style>td{a:b}</style><![endif]--><style>p{color:red}</style></head>\n"
        "<BODY  bgcolor=white >&nbsp;<p\n>x&y</P><br/></BODY></html>\n"
    )
    made = compile_message("s", "", source, footer=False).render({}).html
    assert made == source.replace("<p\n>", '<p style="color: red;"\n>')


def test_our_own_frame_leaves_no_rules_behind_that_match_nothing() -> None:
    page = Page("<p>Hello</p>").framed(simple=True, footer=False)
    inlining.inline(page)
    sheet = page.source().partition("<style>")[2].partition("</style>")[0]
    assert sheet.strip().startswith("@media")
    assert sheet.count("{") == 3


@pytest.mark.parametrize(
    ("selector", "specificity", "base", "subject"),
    [
        ("#a .b > c", (1, 1, 1), "#a .b > c", "c"),
        ("a:hover .b::before", (0, 2, 2), "a .b", ".b"),
        ("[data-ogsc] .x", (0, 2, 0), "* .x", ".x"),
        ("u + .body .x", (0, 2, 1), "u + .body .x", ".x"),
        ("a:not(.b):nth-child(2n)[href]", (0, 3, 1), "a[href]", "a[href]"),
        (":root", (0, 1, 0), "*", "*"),
    ],
)
def test_selectors_are_read(selector: str, specificity: tuple[int, int, int], base: str, subject: str) -> None:
    found = css.selector(selector)
    assert (found.specificity, found.base, found.subject) == (specificity, base, subject)


@pytest.mark.parametrize(
    "piece",
    [
        "a{b:c}",
        "@media{",
        "a,",
        "/*",
        "{",
        "}",
        '"',
        "\\",
        "a{b:c;",
        "<!--",
        ":not(",
        "[",
        "(",
        "a{{{ x }}:y}",
        ".a ",
        "!important ",
    ],
)
def test_hostile_sheets_take_no_time(piece: str) -> None:
    """Inputs that are too large to compare are not inlined: eight times the length takes less than 24 times as long."""

    def seconds(length: int) -> float:
        began = time.process_time()
        inlined(piece * (length // len(piece)), '<p class="a" style="x:y">' * 200)
        return time.process_time() - began

    short = min(seconds(20_000) for _ in range(3))
    assert min(seconds(160_000) for _ in range(2)) < 24 * short + 0.1


def test_many_sheets_take_linear_time() -> None:
    def seconds(count: int) -> float:
        began = time.process_time()
        inlined("", "<style>a:hover{b:c}</style><a>" * count)
        return time.process_time() - began

    assert min(seconds(4_000) for _ in range(3)) < 24 * min(seconds(500) for _ in range(3)) + 0.1
