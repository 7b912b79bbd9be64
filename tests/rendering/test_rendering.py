"""The rendering process: its results, its limits, and that no person blocks the others."""

import asyncio
import os
import signal
import time
from pathlib import Path
from typing import Any

import pytest

from campaign_app.campaigns.previews import EXAMPLE
from campaign_app.channels.email import rendering
from campaign_app.core.errors import TooMany
from campaign_app.rendering import isolated
from campaign_app.rendering.errors import RenderError, TemplateInvalid, TooSlow
from campaign_app.rendering.templating import assemble, compile_message, context_for

PERSON = context_for(EXAMPLE)
SLOW_TO_READ = "<style>" + "".join(f"p.c{n} a:not(.x{n}) b{{color:red}}" for n in range(20_000)) + "</style>" + (
    "<p class='a b c'>" * 4_000
)  # fmt: skip


def fields(html: str, **more: str) -> dict[str, str]:
    return {"subject": "S", "preheader": "", "editor": "html", "html": html, "text": "", **more}


def children() -> list[int]:
    """The rendering processes, with forks."""
    mine = isolated._process._process
    return [] if mine is None else [mine.pid, *_children_of(mine.pid)]


def _children_of(pid: int) -> list[int]:
    return [int(found) for found in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


async def test_what_it_makes_is_what_we_would_make() -> None:
    written = fields(
        "<p>{{ first_name }} {{ nobody }}</p>", subject="Hi {{ last_name }}", preheader="For {{ company }}"
    )
    shown = await rendering.preview("a", written, PERSON, {"unsubscribe_url": "U"}, marked=True)
    assert (shown.subject, shown.preheader) == ("Hi Brandt", "For Meridian Supply")
    assert "Anna" in shown.html
    assert ">nobody</mark>" in shown.html
    assert (shown.missing, set(shown.variables)) == (("nobody",), {"first_name", "last_name", "company", "nobody"})
    here = compile_message("S", "", "<a href='https://a.example/{{ company }}'>x</a>", track_clicks=True)
    prepared = await rendering.prepare(
        "a", fields("<a href='https://a.example/{{ company }}'>x</a>"), track_clicks=True
    )
    there = assemble(prepared)
    values = {**PERSON, "link_0": "L"}
    assert there.links == here.links
    assert there.render(values) == here.render(values)
    seen = await rendering.inspect("a", fields("<p>{{ city }}</p>"), [PERSON], {}, ["city"])
    assert (seen.variables, seen.required) == ({"city"}, {"city"})
    assert {finding.code for finding in seen.findings} >= {"subject", "size", "links"}


async def test_mistakes_come_back_with_part_and_line() -> None:
    with pytest.raises(TemplateInvalid) as invalid:
        await rendering.prepare("a", fields("<p>\n{{ x"))
    assert (invalid.value.part, invalid.value.line) == ("html", 2)
    with pytest.raises(RenderError, match="divided by zero") as failed:
        await rendering.preview("a", fields("{{ 1 / 0 }}"), PERSON, {}, marked=False)
    assert failed.value.part == "html"


async def test_what_takes_too_long_to_read_is_killed_by_its_processor_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rendering, "READ_S", 0.05)
    with pytest.raises(TooSlow, match="takes too long"):
        await rendering.prepare("a", fields(SLOW_TO_READ))
    monkeypatch.undo()
    assert (await rendering.preview("a", fields("after"), PERSON, {}, marked=False)).html


async def test_memory_ends() -> None:
    hungry = {**PERSON, "items": ["x" * 90_000] * 200}
    with pytest.raises(RenderError, match=r"memory|beyond|too much|without limit"):
        await rendering.preview("a", fields("{% for i in items %}{{ i }}{% endfor %}" * 40), hungry, {}, marked=False)


async def test_one_author_does_not_keep_the_others_waiting() -> None:
    hostile = [asyncio.create_task(rendering.prepare("mallory", fields(SLOW_TO_READ))) for _ in range(8)]
    await asyncio.sleep(0)
    shown = await rendering.preview("anna", fields("quick"), PERSON, {}, marked=False)
    assert "quick" in shown.html
    assert sum(task.done() for task in hostile) < len(hostile)  # her job did not wait for his eight
    for task in hostile:
        task.cancel()
    await asyncio.gather(*hostile, *list(isolated._tasks), return_exceptions=True)


async def test_the_line_is_bounded_and_in_order() -> None:
    line, order = isolated._Line(), []
    stop = asyncio.Event()

    async def turn(who: str) -> None:
        async with line.turn(who):
            order.append(who)
            await stop.wait()

    tasks = [asyncio.create_task(turn("a")) for _ in range(isolated.OF_ONE_PERSON + isolated.WAITING_OF_ONE_PERSON)]
    tasks += [asyncio.create_task(turn("b"))]
    await asyncio.sleep(0)
    assert order == ["a"] * isolated.OF_ONE_PERSON + ["b"]
    with pytest.raises(TooMany):
        await turn("a")
    tasks[-2].cancel()  # a waiting one
    stop.set()
    await asyncio.gather(*tasks, return_exceptions=True)
    assert len(order) == len(tasks) - 1
    assert line._running.total() == 0


async def test_another_process_is_started_when_it_was_killed() -> None:
    isolated.begin()
    os.kill(children()[0], signal.SIGKILL)
    assert "again" in (await rendering.preview("a", fields("again"), PERSON, {}, marked=False)).html


async def test_it_leaves_no_zombies_and_has_no_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BEACON_SECRET_KEY", "k" * 40)
    isolated._process.close()
    await asyncio.gather(*(rendering.preview(f"p{n}", fields("x"), PERSON, {}, marked=False) for n in range(12)))
    main = children()[0]
    await asyncio.to_thread(_wait_until_alone, main)
    assert b"k" * 40 not in await asyncio.to_thread(Path(f"/proc/{main}/environ").read_bytes)


def _wait_until_alone(pid: int) -> None:
    deadline = time.monotonic() + 30
    while _children_of(pid):
        assert time.monotonic() < deadline
        time.sleep(0.01)


@pytest.mark.parametrize("value", [10**4_000, {"a": [1, {"b": None}]}, "\ud800", "\0", 1e400])
async def test_any_value_of_a_contact_travels(value: Any) -> None:
    shown = await rendering.preview("a", fields("{% if x %}y{% endif %}"), {**PERSON, "x": value}, {}, marked=False)
    assert "y" in shown.html
