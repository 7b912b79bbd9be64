"""The editor of one segment."""

from typing import Any, Literal

import reflex as rx

from campaign_app.ui import components as c
from campaign_app.ui import pages, routes
from campaign_app.ui.audience.rule_tree import GROUPS, RuleLine
from campaign_app.ui.audience.segment_state import SegmentEditor
from campaign_app.ui.kit.detail import detail_page
from campaign_app.ui.kit.forms import form_body, form_id
from campaign_app.ui.kit.vars import by_case, entry, not_
from campaign_app.ui.layout import page


def _select(options: Any, value: Any, label: str, on_change: Any, width: str = "auto") -> rx.Component:
    items = (
        [rx.el.option(words, value=key) for key, words in options]
        if isinstance(options, (list, tuple))
        else [rx.foreach(options, lambda pair: rx.el.option(pair[1], value=pair[0]))]
    )
    return rx.el.select(
        *items, value=value, on_change=on_change, aria_label=label, class_name="b-select", style={"width": width}
    )


def _group(line: RuleLine) -> rx.Component:
    remove = c.icon_button(
        "trash_2", "Remove group", on_click=SegmentEditor.remove(line.path), variant="ghost", small=True
    )
    acts = rx.fragment(
        c.small_button("Add rule", "plus", on_click=SegmentEditor.add_rule(line.path)),
        rx.cond(
            line.nested,
            c.small_button("Add group", "layers", on_click=SegmentEditor.add_group(line.path)),
            rx.fragment(),
        ),
        rx.cond(line.path != "", remove, rx.fragment()),
    )
    return rx.el.div(
        _select(GROUPS, line.op, "How the rules are joined", lambda v: SegmentEditor.change(line.path, "op", v)),
        c.if_allowed("segments:write", acts),
        class_name="b-row b-wrap",
    )


def _value(line: RuleLine) -> rx.Component:
    def change(value: Any) -> Any:
        return SegmentEditor.change(line.path, "value", value)

    def box(kind: Literal["text", "number", "date"], placeholder: str) -> rx.Component:
        return rx.el.input(
            default_value=line.value,
            key=f"{line.path}-{line.field}-{line.kind}-{SegmentEditor.rules_revision}",
            on_blur=change,
            type=kind,
            placeholder=placeholder,
            aria_label="Value",
            class_name="b-rule-value",
        )

    choices = rx.el.select(
        rx.el.option("Choose", value=""),
        rx.foreach(line.choices, lambda pair: rx.el.option(pair[1], value=pair[0])),
        value=line.value,
        on_change=change,
        aria_label="Value",
        class_name="b-select b-rule-value",
    )
    return by_case(
        line.kind,
        ("none", rx.fragment()),
        ("choice", choices),
        ("number", box("number", "Number")),
        ("days", box("number", "Days")),
        ("day", box("date", "Day")),
        ("texts", box("text", "Values, with commas")),
        box("text", "Value"),
    )


def _rule(line: RuleLine) -> rx.Component:
    remove = c.icon_button("x", "Remove rule", on_click=SegmentEditor.remove(line.path), variant="ghost", small=True)
    return rx.el.div(
        _select(SegmentEditor.fields, line.field, "Field", lambda v: SegmentEditor.change(line.path, "field", v)),
        _select(line.operators, line.op, "Comparison", lambda v: SegmentEditor.change(line.path, "op", v)),
        _value(line),
        c.if_allowed("segments:write", remove),
        class_name="b-row b-wrap",
    )


def _line(line: RuleLine) -> rx.Component:
    wrong = rx.el.div(c.icon("circle_alert", 12), line.error, class_name="b-field-error")
    return rx.el.div(
        rx.cond(line.group, _group(line), _rule(line)),
        rx.cond(line.error != "", wrong, rx.fragment()),
        class_name="b-rule",
        style={"marginLeft": f"calc({line.depth} * 20px)"},
        key=line.path,
    )


def _count() -> rx.Component:
    def person(pair: Any) -> rx.Component:
        return c.list_item(c.two_lines(pair[0], pair[1]))

    return c.card(
        rx.el.div(
            rx.el.span(SegmentEditor.count_text, class_name="b-headline b-num", aria_live="polite"),
            rx.el.span(SegmentEditor.count_words, class_name="b-muted"),
            rx.cond(SegmentEditor.counting, rx.spinner(size="1"), rx.fragment()),
            class_name="b-headline-row b-card-inset",
        ),
        rx.foreach(SegmentEditor.people, person),
        title="Who is in it",
        pad=False,
        aria_label="Who is in it",
    )


@page(routes.SEGMENT, title="Segment", on_load=SegmentEditor.load, may="segments:read", parent=routes.SEGMENTS)
def segment() -> Any:
    """Name and rules on the left, the people found on the right."""
    rules = c.card(
        rx.cond(
            SegmentEditor.loading,
            c.skeleton_lines(3),
            rx.el.div(rx.foreach(SegmentEditor.lines, _line), class_name="b-col b-gap-12"),
        ),
        title="Rules",
    )
    save = c.primary_button("Save segment", type="submit", form=form_id(SegmentEditor), busy=SegmentEditor.saving)
    return detail_page(
        entry(SegmentEditor.values, "name"),
        rx.el.div(
            rx.el.fieldset(
                c.card(form_body(SegmentEditor, class_name="b-col", reload=SegmentEditor.load_saved)),
                rules,
                disabled=not_(c.may("segments:write")),
                class_name="b-col b-gap-16 b-fields",
            ),
            rx.el.div(_count(), class_name="b-col b-gap-16"),
            class_name="b-grid-side",
        ),
        unnamed="New segment",
        crumbs=pages.above(routes.SEGMENT),
        actions=[c.if_allowed("segments:write", save)],
    )
