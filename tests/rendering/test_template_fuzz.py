"""Ten thousand random templates, and templates written to overload the product.

Each ends within its processor time, with a message or an error. Some run in the rendering process.
"""

import asyncio
import random
import resource
from collections import Counter
from time import thread_time

import pytest

from campaign_app.channels.email import rendering
from campaign_app.rendering.budget import MAX_OUTPUT, RENDER_S
from campaign_app.rendering.compiled_template import CompiledTemplate
from campaign_app.rendering.errors import RenderError
from campaign_app.rendering.template_environment import HTML, PLAIN, MessageEnvironment

SEED = 20_261_126
COUNT = 10_000
IN_THE_PROCESS = 60
PERSON = {
    "name": "Anna",
    "note": "ab" * 1_000,
    "long": "x" * 90_000,
    "items": ["a", ["b", {"c": None}]] * 200,
    "numbers": list(range(500)),
    "table": {"a": 1, "b": ["x"] * 100},
    "big": 2**200,
}
NAMES = (*PERSON, "nobody", "loop", "range", "a", "b")
FILTERS = (
    "upper", "lower", "title", "capitalize", "trim", "escape", "urlencode", "length", "first", "last", "int", "float",
    "round(2)", "number(2)", "money", "date", "date('%99999999d')", "default('x')", "default(items)", "truncate(9)",
    "join", "join(note)", "join(long)", "split", "split('a')", "replace('', note)", "replace('a', note)",
    "replace('x', 'yy')",
)  # fmt: skip
OPERATORS = ("+", "-", "*", "/", "//", "%", "**", "~", "==", "!=", "<", ">=", "in", "not in", "and", "or")
TESTS = ("defined", "none", "odd", "divisibleby(3)", "eq(items)", "in(items)", "lower", "sequence")
VALUES = (
    *NAMES, *NAMES, "'x'", "'%1000000000d'", "1", "0", "-3", "64", "20000", "true", "none", "items[0]", "table.a",
    "long[::2]", "items[items]", "numbers[1:900]", "range(20000)", "big", "1000000000000000",
)  # fmt: skip
REFUSED = (
    "1" + "0" * 40, "1e308", "[items, items] * 9", "(1, 2) + items", "{'a': items} == table", "range(1000000000)",
    "name.__class__", "name|attr('a')", "name|safe", "name is nothing", "name.upper()", "table[[1]]", "lipsum(9)",
)  # fmt: skip


class Author:
    """Writes random templates from a seed."""

    def __init__(self, chance: random.Random) -> None:
        self.chance = chance

    def value(self) -> str:
        return self.chance.choice(REFUSED if self.chance.random() < 0.02 else VALUES)

    def expression(self, depth: int = 0) -> str:
        kind = self.chance.random()
        if depth > 1 or kind < 0.35:
            return self.value()
        if kind < 0.6:
            return f"({self.expression(depth + 1)} {self.chance.choice(OPERATORS)} {self.expression(depth + 1)})"
        if kind < 0.85:
            chain = "|".join(self.chance.choice(FILTERS) for _ in range(self.chance.choice((1, 1, 2, 4))))
            return f"{self.expression(depth + 1)}|{chain}"
        if kind < 0.92:
            return f"({self.expression(depth + 1)} is {self.chance.choice(TESTS)})"
        return f"({self.expression(depth + 1)} if {self.expression(depth + 1)} else {self.expression(depth + 1)})"

    def block(self, depth: int = 0) -> str:
        kind = self.chance.random()
        if depth > 2 or kind < 0.5:
            return f"{{{{ {self.expression()} }}}}"
        inner = "".join(self.block(depth + 1) for _ in range(self.chance.choice((1, 1, 2))))
        if kind < 0.65:
            over = self.chance.choice(("range(9)", "numbers", "items[:9]", "table", self.expression()))
            return f"{{% for {self.chance.choice('abc')} in {over} %}}{inner}{{% endfor %}}"
        if kind < 0.8:
            return f"{{% if {self.expression()} %}}{inner}{{% else %}}x{{% endif %}}"
        return f"{{% set {self.chance.choice('ab')} = {self.expression()} %}}{inner}"

    def template(self) -> str:
        kind = self.chance.random()
        if kind < 0.05:
            return self.deep()
        source = "<p>" + "".join(self.block() for _ in range(self.chance.choice((1, 1, 2)))) + "</p>"
        if kind < 0.1:  # cut off anywhere, with tags that are never closed
            return source[: self.chance.randrange(len(source))]
        return source

    def deep(self) -> str:
        many = self.chance.choice((12, 30, 200))
        return self.chance.choice(
            (
                "{{ " + "(" * many + "1" + ")" * many + " }}",
                "{{ " + "[" * many + "]" * many + " }}",
                "{{ " + "+".join(["a"] * many) + " }}",
                "{{ name" + "|upper" * many + " }}",
                "{{ name" + ".a" * many + " }}",
                "{% if a %}" * many + "{% endif %}" * many,
                "{% for a in numbers %}" * (many // 10) + "x" + "{% endfor %}" * (many // 10),
                "{% set a = 'x' * 99 %}" + "{% set a = a ~ a %}" * many + "{{ a }}",
                "{% set a = [1] %}" + "{% set a = [a, a] %}" * many + "{% if a == a %}{{ a }}{% endif %}",
                "{% set a = (1,) %}" + "{% set a = (a, a) %}" * many + "{{ table[a] }}{{ a in table }}",
                "{{ not " * many,
                "{{ 9" + "**9" * many + " }}",
            )
        )


def templates() -> list[str]:
    author = Author(random.Random(SEED))
    return [author.template() for _ in range(COUNT)]


def outcome(environment: MessageEnvironment, source: str) -> str:
    try:
        return (
            "made"
            if len(CompiledTemplate(environment, source, "html").render(PERSON)) <= 6 * MAX_OUTPUT
            else "too long"
        )
    except RenderError as error:
        return type(error).__name__ if len(error.plain) > 5 else "no words"


@pytest.mark.timeout(900)  # half a minute of processor time, more when the machine is busy
def test_ten_thousand_templates_end_within_their_time_and_memory() -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    seen: Counter[str] = Counter()
    slowest = 0.0
    for position, source in enumerate(templates()):
        environment = (HTML, PLAIN)[position % 2]
        began = thread_time()
        seen[outcome(environment, source)] += 1
        slowest = max(slowest, thread_time() - began)
    grown_mb = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    print(f"{COUNT:,} templates: {dict(seen)}, slowest {slowest * 1000:.0f} ms, {grown_mb:.0f} MB more")
    assert set(seen) <= {"made", "RenderError", "TemplateInvalid", "TooSlow"}
    assert seen["made"] > COUNT // 20  # enough of the templates are valid
    assert seen["RenderError"] > COUNT // 20
    assert slowest < RENDER_S * 4  # includes reading and compiling
    assert grown_mb < 150


async def test_the_process_that_can_be_killed_answers_all_of_them() -> None:
    sources = templates()[:: COUNT // IN_THE_PROCESS][:IN_THE_PROCESS]

    async def one(who: int, html: str) -> str:
        fields = {"subject": "s", "preheader": "", "editor": "html", "html": html, "text": ""}
        try:
            await rendering.preview(f"author {who % 8}", fields, PERSON, {}, marked=True)
        except RenderError as error:
            return type(error).__name__
        return "made"

    seen = Counter(await asyncio.gather(*(one(position, source) for position, source in enumerate(sources))))
    print(dict(seen))
    assert seen.total() == IN_THE_PROCESS
    assert set(seen) <= {"made", "RenderError", "TemplateInvalid", "TooSlow"}
    assert len(seen) >= 3
