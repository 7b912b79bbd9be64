"""Progress: the segmented bar, its counters, the card of a campaign or an import."""

from dataclasses import dataclass
from typing import Any, Literal

import reflex as rx

from campaign_app.ui import theme
from campaign_app.ui.components.base import Content, Handler, Number, Text, Truth
from campaign_app.ui.kit.vars import choose, length, more_than


@dataclass(frozen=True, slots=True)
class ProgressSegment:
    """One share of a bar: a status of the theme's table, its count, the count as text (empty: the count itself)."""

    status: str
    count: Any
    text: Any = ""
    label: str = ""

    @property
    def word(self) -> str:
        return self.label or theme.STATUS[self.status].label

    @property
    def words(self) -> Any:
        """The count as shown."""
        if not isinstance(self.text, str) or self.text:
            return self.text
        if isinstance(self.count, rx.Var):
            return rx.Var(
                _js_expr=f"({self.count!s}).toLocaleString('en-US')", _var_data=self.count._get_all_var_data()
            ).to(str)
        return f"{self.count:,}"


def segmented_progress(
    parts: list[ProgressSegment], total: Number, *, size: Literal["small", "large"] = "small", live: Truth = False
) -> rx.Component:
    """Coloured parts over a track. What is not in `parts` is waiting. Screen readers get one sentence of shares."""
    sentence: Any = rx.Var.create("")
    for index, part in enumerate(parts):
        sentence = sentence + f"{', ' if index else ''}{part.word} {rx.Var.create(part.words)}"
    names = "b-seg b-seg-large" if size == "large" else "b-seg"
    return rx.el.div(
        *(_segment(part, total) for part in parts if theme.STATUS[part.status].segment and part.status not in _TRACK),
        class_name=names,
        data_live=choose(live, "true", "false"),
        role="img",
        aria_label=f"{sentence} of {rx.Var.create(total)}",
    )


_TRACK = frozenset({"queued", "pending", "waiting"})


def _segment(part: ProgressSegment, total: Number) -> rx.Component:
    count = rx.Var.create(part.count).to(int)
    share = rx.cond(rx.Var.create(total).to(int) > 0, count * 100 / rx.Var.create(total).to(int), 0)
    bar = rx.el.span(
        class_name="b-segment",
        data_status=part.status,
        style={"width": f"{share}%", "background": theme.STATUS[part.status].segment},
    )
    return rx.cond(count > 0, bar, rx.fragment())


def counters(parts: list[ProgressSegment], on_choose: Handler = None, chosen: Text = "") -> rx.Component:
    """The numbers under a bar. With on_choose (gets the status) each is a filter for the table below."""

    def counter(part: ProgressSegment) -> rx.Component:
        inner = [
            rx.el.span(class_name="b-square", style={"background": theme.STATUS[part.status].segment}),
            rx.el.span(part.word, class_name="b-muted"),
            rx.el.span(part.words, class_name="b-counter-number"),
        ]
        if on_choose is None:
            return rx.el.span(*inner, class_name="b-counter")
        pressed = choose(rx.Var.create(chosen) == part.status, "true", "false")
        return rx.el.button(
            *inner, type="button", class_name="b-counter", aria_pressed=pressed, on_click=on_choose(part.status)
        )

    return rx.el.div(*(counter(part) for part in parts), class_name="b-counters")


def progress_card(
    percent: Text,
    done_text: Text,
    parts: list[ProgressSegment],
    total: Number,
    *,
    figures: list[tuple[Text, Content]] | None = None,
    live: Truth = False,
    aside: Content | None = None,
    on_choose: Handler = None,
    chosen: Text = "",
) -> rx.Component:
    """A large percentage, figures beside it, the bar, its counters. `percent` is text ("62%")."""
    cells = [rx.el.div(rx.el.dt(label), rx.el.dd(value), class_name="b-figure") for label, value in (figures or [])]
    right: list[rx.Component] = [rx.el.dl(*cells, class_name="b-figures")] if cells else []
    if aside is not None:
        right.append(rx.el.div(aside, class_name="b-row"))
    # Screen readers announce only every tenth percent; the screen shows every step.
    tens = rx.Var.create(percent).to(str).split("%")[0].to(str)
    heard = rx.el.span(
        choose(more_than(length(tens), 1), f"{tens[:-1]}0% done", ""), class_name="b-hidden", aria_live="polite"
    )
    return rx.el.section(
        rx.el.div(
            rx.el.div(
                rx.el.span(percent, class_name="b-headline"),
                rx.el.span(done_text, class_name="b-muted b-num"),
                class_name="b-headline-row",
            ),
            heard,
            *right,
            class_name="b-progress-top",
        ),
        segmented_progress(parts, total, size="large", live=live),
        counters(parts, on_choose, chosen),
        class_name="b-card b-progress-card",
        aria_label="Progress",
    )
