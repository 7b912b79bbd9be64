"""The template library and its editor."""

from typing import Any

import pytest
from sqlmodel import select

from campaign_app.campaigns import templates_service
from campaign_app.core import db
from campaign_app.core.actor import Actor
from campaign_app.core.errors import Conflict, Forbidden
from campaign_app.models.template import Template
from campaign_app.models.user import Role
from campaign_app.ui.templates.edit_state import EditorQuestions, TemplateEdit
from campaign_app.ui.templates.library_state import LibraryQuestions, TemplateLibrary
from tests.conftest import MakeActor
from tests.ui.tabs import Tab


@pytest.fixture
async def actor(sqlite_database: str, redis_url: str, make_actor: MakeActor) -> Actor:
    async with db.transaction() as session:
        await templates_service.ensure_built_in(session)
    return await make_actor(Role.MARKETER)


@pytest.fixture
async def tab(actor: Actor, monkeypatch: pytest.MonkeyPatch) -> Tab:
    return Tab(actor, monkeypatch)


async def stored(name: str) -> Template:
    async with db.reading() as session:
        return (await session.exec(select(Template).where(Template.name == name))).one()


async def make(actor: Actor, name: str = "Ours") -> int:
    async with db.transaction() as session:
        made = await templates_service.create(
            session, actor, {"name": name, "category": "Letters", "html": "<p>Hi</p>"}
        )
    return int(made.id or 0)


async def open_editor(tab: Tab, template: int | str) -> TemplateEdit:
    await tab.go(f"/templates/{template}", template_id=template).do(TemplateEdit.load)
    return tab.state(TemplateEdit)


async def test_the_library_shows_categories_and_drawn_pictures(tab: Tab) -> None:
    await tab.go("/templates").do(TemplateLibrary.load)
    state = tab.state(TemplateLibrary)
    assert len(state.views) > 2
    assert all("<html" in card.picture for card in state.rows)
    assert not any("{{" in card.picture for card in state.rows), "pictures are rendered, not source"
    await tab.go(f"/templates?category={state.views[1].value}").do(TemplateLibrary.load)
    assert {card.category for card in state.rows} == {state.views[1].value}


async def test_a_search_finds_by_name(tab: Tab, actor: Actor) -> None:
    await make(actor, "Zebra letter")
    await tab.go("/templates?search=zebra").do(TemplateLibrary.load)
    assert [card.name for card in tab.state(TemplateLibrary).rows] == ["Zebra letter"]
    await tab.do(TemplateLibrary.clear)
    assert tab.addresses == ["/templates"]


async def test_a_copy_opens_in_the_editor(tab: Tab) -> None:
    await tab.go("/templates").do(TemplateLibrary.load)
    first = tab.state(TemplateLibrary).rows[0]
    await tab.do(TemplateLibrary.duplicate, first.id)
    copy = await stored(f"{first.name} (copy)")
    assert (copy.built_in, tab.redirects) == (False, [f"/templates/{copy.id}"])


async def test_deleting_asks_and_leaves_the_others(tab: Tab, actor: Actor) -> None:
    ours = await make(actor)
    await tab.go("/templates").do(TemplateLibrary.load)
    before = len(tab.state(TemplateLibrary).rows)
    await tab.do(LibraryQuestions.ask, "delete", ours, "Ours")
    assert tab.shows(LibraryQuestions)
    await tab.do(LibraryQuestions.answer, "delete")
    assert len(tab.state(TemplateLibrary).rows) == before - 1


async def test_a_new_template_gets_its_address(tab: Tab) -> None:
    state = await open_editor(tab, "new")
    await tab.do(TemplateEdit.submit, {})
    assert state.errors["name"]
    await tab.do(TemplateEdit.type_field, "name", "Welcome back")
    await tab.do(TemplateEdit.type_field, "html", "<p>Hello {{ first_name }}</p>")
    await tab.do(TemplateEdit.refresh)
    assert "Hello Anna" in state.rendered_html
    await tab.do(TemplateEdit.submit, {})
    assert tab.redirects == [f"/templates/{(await stored('Welcome back')).id}"]


async def test_a_template_is_changed_only_by_saving(tab: Tab, actor: Actor) -> None:
    state = await open_editor(tab, await make(actor))
    await tab.do(TemplateEdit.type_field, "subject", "New subject")
    assert state.changed
    assert (await stored("Ours")).subject == ""
    await tab.do(TemplateEdit.submit, {})
    assert ((await stored("Ours")).subject, state.changed) == ("New subject", False)


async def test_unknown_fields_cannot_be_set(tab: Tab, actor: Actor) -> None:
    state = await open_editor(tab, await make(actor))
    await tab.do(TemplateEdit.type_field, "_version", "99")
    await tab.do(TemplateEdit.type_field, "built_in", "yes")
    assert (state._version, state.built_in) == (1, False)


async def test_someone_else_saving_is_told_and_both_are_kept(tab: Tab, actor: Actor) -> None:
    ours = await make(actor)
    state = await open_editor(tab, ours)
    async with db.transaction() as session:
        await templates_service.update(session, actor, ours, 1, {"name": "Ours", "html": "<p>Theirs</p>"})
    await tab.do(TemplateEdit.type_field, "html", "<p>Mine</p>")
    await tab.do(TemplateEdit.submit, {})
    assert state.conflict
    await tab.do(TemplateEdit.keep_as_copy)
    assert (await stored("Ours (my copy)")).html == "<p>Mine</p>"
    assert (await stored("Ours")).html == "<p>Theirs</p>"


async def test_a_built_in_template_stays_as_it_is(tab: Tab) -> None:
    state = await open_editor(tab, 1)
    assert state.built_in
    await tab.do(TemplateEdit.type_field, "subject", "Changed")
    with pytest.raises(Conflict):
        await tab.do(TemplateEdit.submit, {})


async def test_switching_editors_asks_before_losing(tab: Tab, actor: Actor) -> None:
    state = await open_editor(tab, await make(actor))
    await tab.do(TemplateEdit.switch_editor, "html")
    await tab.do(TemplateEdit.type_field, "html", "<table><tr><td>One</td></tr></table>")
    await tab.do(TemplateEdit.switch_editor, "text")
    assert (state.editor, tab.shows(EditorQuestions)) == ("html", True)
    await tab.do(EditorQuestions.answer, "switch")
    assert (state.editor, state.html) == ("text", "<p>One</p>")


async def test_what_was_typed_outlives_the_socket_until_the_saved_version_is_asked_for(tab: Tab, actor: Actor) -> None:
    state = await open_editor(tab, await make(actor))
    revision = state.revision
    await tab.do(TemplateEdit.type_field, "html", "<p>Half a sent")
    await tab.reconnect().do(TemplateEdit.load)
    assert (state.html, state.changed, state.revision) == ("<p>Half a sent", True, revision)
    await tab.do(TemplateEdit.load_saved)
    assert (state.html, state.changed) == ("<p>Hi</p>", False)


VIEWER_MAY_NOT: list[tuple[Any, ...]] = [
    (TemplateLibrary.duplicate, 1),
    (LibraryQuestions.answer, "delete"),
    (TemplateEdit.type_field, "name", "x"),
    (TemplateEdit.submit, {}),
    (TemplateEdit.keep_as_copy,),
]


@pytest.mark.parametrize("event", VIEWER_MAY_NOT, ids=lambda event: event[0].fn.__name__)
async def test_a_viewer_reads_and_changes_nothing(
    actor: Actor, make_actor: MakeActor, monkeypatch: pytest.MonkeyPatch, event: tuple[Any, ...]
) -> None:
    tab = Tab(await make_actor(Role.VIEWER, "Vera"), monkeypatch)
    await tab.go("/templates").do(TemplateLibrary.load)
    assert tab.state(TemplateLibrary).rows
    with pytest.raises(Forbidden):
        await tab.do(*event)
