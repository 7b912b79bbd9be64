"""Fourth step of the builder: start, rate, sending windows."""

from typing import Any

import reflex as rx

from campaign_app.kit import zones
from campaign_app.ui import components as c
from campaign_app.ui.campaign_builder.pace_state import BuilderPace as Pace
from campaign_app.ui.campaign_builder.parts import error_of, option, own_input, step_head
from campaign_app.ui.campaign_builder.schedule_state import BuilderSchedule as State

_PRIORITIES = [
    ("1", "1 – before all others"),
    ("3", "3 – early"),
    ("5", "5 – normal"),
    ("7", "7 – late"),
    ("9", "9 – last"),
]


def schedule_step() -> rx.Component:
    """The form on the left, the finishing time on the right."""
    return rx.el.div(
        rx.el.div(
            rx.el.div(
                step_head("When and how fast", "Limits of the sending account hold besides."),
                _start(),
                _pace(),
                _hours(),
                class_name="bd-col",
            ),
            rx.el.div(_finish(), class_name="bd-sticky"),
            class_name="bd-two",
        ),
        class_name="bd-page",
    )


def _native(name: str, kind: str, value: Any, on_change: Any, label: str) -> rx.Component:
    return c.text_input(
        name,
        type=kind,
        default_value=value,
        key=f"{name}-{State.revision}",
        on_change=on_change,
        error=error_of("send_at"),
        size="3",
        aria_label=label,
    )


def _start() -> rx.Component:
    return c.card(
        rx.el.fieldset(
            rx.el.legend("Start", class_name="b-hidden"),
            option(
                "start",
                "Right after launch",
                "The first message leaves when you confirm.",
                ~State.later,
                lambda _: State.choose_start(False),
            ),
            option(
                "start",
                "At a time",
                "It waits as scheduled until then.",
                State.later,
                lambda _: State.choose_start(True),
            ),
            class_name="bd-options",
        ),
        rx.cond(State.later, _moment(), rx.fragment()),
        title="Start",
    )


def _moment() -> rx.Component:
    policy = rx.el.fieldset(
        rx.el.legend("If nothing runs at that time", class_name="b-label"),
        option(
            "late",
            "Send when it runs again",
            "Late is better than never.",
            State.late_policy == "send",
            lambda _: State.choose_late_policy("send"),
        ),
        option(
            "late",
            "Hold it back",
            "It is paused and a person decides.",
            State.late_policy == "pause",
            lambda _: State.choose_late_policy("pause"),
        ),
        class_name="bd-options",
    )
    return rx.el.div(
        rx.el.div(
            c.form_field(
                "Date", _native("start_day", "date", State.day, State.set_day, "Start date"), name="start_day"
            ),
            c.form_field(
                "Time", _native("start_hour", "time", State.hour, State.set_hour, "Start time"), name="start_hour"
            ),
            c.form_field("Time zone", _zone(), name="time_zone"),
            class_name="bd-fields",
        ),
        rx.cond(error_of("send_at") != "", c.callout(error_of("send_at"), "error"), rx.fragment()),
        rx.cond(State.start_note != "", c.callout(State.start_note, "info"), rx.fragment()),
        policy,
        class_name="bd-col",
        style={"marginTop": "16px"},
    )


def _zone() -> rx.Component:
    """A native select: 420 zones open at once, and type-ahead works."""
    return rx.el.select(
        *(rx.el.option(name.replace("_", " "), value=name) for name in zones.names()),
        value=State.time_zone,
        on_change=State.choose_zone,
        id="time_zone",
        name="time_zone",
        class_name="bd-select",
    )


def _pace() -> rx.Component:
    def field(name: str, label: str, value: Any, on_text: Any, hint: str) -> rx.Component:
        box = own_input(name, value, on_text, input_mode="decimal", placeholder="No limit")
        return c.form_field(label, box, name=name, error=error_of(name), hint=hint, optional=True)

    return c.card(
        rx.el.div(
            field(
                "rate_per_minute",
                "Messages per minute",
                Pace.rate_per_minute,
                Pace.set_rate,
                "Empty: as fast as the account allows.",
            ),
            field("batch_size", "Batch size", Pace.batch_size, Pace.set_batch_size, "Messages before each pause."),
            field(
                "batch_delay",
                "Pause between batches",
                Pace.batch_delay,
                Pace.set_batch_delay,
                "Seconds, for example 30.",
            ),
            c.form_field(
                "Priority",
                c.select_input(
                    "priority", _PRIORITIES, State.priority, State.choose_priority, label="Priority", size="3"
                ),
                name="priority",
                hint="When several campaigns share the account.",
            ),
            class_name="bd-fields bd-fields-2",
        ),
        title="Speed",
    )


def _hours() -> rx.Component:
    return c.card(
        rx.el.fieldset(
            rx.el.legend("Sending hours", class_name="b-hidden"),
            option(
                "hours",
                "At any time",
                "Day and night, until all are sent.",
                Pace.any_hour,
                lambda _: Pace.choose_hours(True),
            ),
            option(
                "hours",
                "Only in these hours",
                "It stops outside them and goes on by itself.",
                ~Pace.any_hour,
                lambda _: Pace.choose_hours(False),
            ),
            class_name="bd-options",
        ),
        rx.cond(Pace.any_hour, rx.fragment(), _windows()),
        title="Sending hours",
    )


def _windows() -> rx.Component:
    def edge(day: Any, name: str, value: Any, label: str) -> rx.Component:
        return rx.el.input(
            type="time",
            default_value=value,
            on_change=lambda at: Pace.set_window(day.number, name, at),
            aria_label=f"{day.label}, {label}",
            class_name="bd-time",
        )

    def row(day: Any) -> rx.Component:
        times = rx.el.div(
            edge(day, "opens", day.opens, "from"),
            rx.el.span("to", class_name="b-muted b-dense"),
            edge(day, "closes", day.closes, "to"),
            class_name="b-row",
        )
        return rx.el.div(
            c.checkbox(day.label, day.on, lambda on: Pace.toggle_day(day.number, on)),
            rx.cond(day.on, times, rx.el.span("Nothing is sent", class_name="b-muted b-dense")),
            class_name="bd-window",
        )

    return rx.el.div(
        rx.el.div(rx.foreach(Pace.days, row)),
        rx.cond(error_of("windows") != "", c.callout(error_of("windows"), "error"), rx.fragment()),
        rx.el.p(
            f"Times in {Pace.window_zone}. An end before its start is on the next day.", class_name="b-small b-muted"
        ),
        class_name="bd-col",
        style={"marginTop": "12px"},
    )


def _finish() -> rx.Component:
    return c.card(
        rx.el.div(State.finish, class_name="b-strong", aria_live="polite"),
        rx.el.p(State.finish_why, class_name="b-dense b-muted"),
        title="Estimate",
    )
