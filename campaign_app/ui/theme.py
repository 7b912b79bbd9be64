"""Every colour, status and chart style of the product. Pages use these."""

from dataclasses import dataclass
from typing import Any, Final

import reflex as rx

from campaign_app.channels import registry

APP_NAME: Final = "Beacon"
DANGER: Final = "#ce2c31"
FONT: Final = "Inter Variable, Inter, sans-serif"


def radix_theme() -> rx.Component:
    """The Radix theme of the whole app."""
    return rx.theme(
        accent_color="iris",
        gray_color="slate",
        radius="medium",
        scaling="100%",
        panel_background="solid",
        appearance="inherit",
    )


@dataclass(frozen=True, slots=True)
class Status:
    """How one status looks: word, Radix colour, lucide icon, colour of its part in a bar ("" = never in a bar)."""

    label: str
    color: str
    icon: str
    segment: str = ""
    turning: bool = False


_DONE = Status("Completed", "green", "circle_check", "var(--green-9)")
_SENT = Status("Sent", "green", "circle_check", "var(--green-9)")
_FAILED = Status("Failed", "red", "circle_x", "var(--red-9)")
_CANCELLED = Status("Cancelled", "gray", "ban")
_QUEUED = Status("Queued", "gray", "clock", "var(--b-queued)")

CAMPAIGN: Final[dict[str, Status]] = {
    "draft": Status("Draft", "gray", "pencil_line"),
    "scheduled": Status("Scheduled", "blue", "calendar_clock"),
    "running": Status("Running", "iris", "loader_circle", "var(--iris-9)", turning=True),
    "paused": Status("Paused", "amber", "circle_pause"),
    "completed": _DONE,
    "failed": _FAILED,
    "cancelled": _CANCELLED,
}
DELIVERY: Final[dict[str, Status]] = {
    "queued": _QUEUED,
    "pending": _QUEUED,
    "sending": Status("Sending", "iris", "loader_circle", "var(--iris-9)", turning=True),
    "sent": _SENT,
    "delivered": Status("Delivered", "green", "circle_check", "var(--green-9)"),
    "read": Status("Read", "green", "eye", "var(--green-9)"),
    "replied": Status("Replied", "green", "reply", "var(--green-9)"),
    "uncertain": Status("Uncertain", "orange", "circle_help", "var(--orange-9)"),
    "skipped": Status("Skipped", "gray", "circle_minus", "var(--b-skipped)"),
    "bounced": Status("Bounced", "red", "mail_x", "var(--red-9)"),
}
IMPORT: Final[dict[str, Status]] = {
    "added": Status("Added", "green", "circle_check", "var(--green-9)"),
    "updated": Status("Updated", "blue", "refresh_cw", "var(--blue-9)"),
    "unchanged": Status("Unchanged", "gray", "circle_minus", "var(--b-skipped)"),
    "rejected": Status("Left out", "red", "circle_x", "var(--red-9)"),
    "waiting": Status("Waiting", "gray", "clock", "var(--b-queued)"),
}
FINDING: Final[dict[str, Status]] = {
    "blocking": Status("Stops the launch", "red", "octagon_alert"),
    "warning": Status("Worth a look", "amber", "triangle_alert"),
    "fine": Status("Fine", "green", "circle_check"),
}
HEALTH: Final[dict[str, Status]] = {
    "healthy": Status("Healthy", "green", "circle_check"),
    "refused": Status("Refused, by reports", "amber", "triangle_alert"),
    "bouncing": Status("Bounces", "amber", "triangle_alert"),
    "disconnected": Status("Disconnected", "red", "circle_x"),
    "unused": Status("Not used today", "gray", "circle_minus"),
}
CONTACT: Final[dict[str, Status]] = {
    "active": Status("Active", "green", "circle_check"),
    "inactive": Status("Switched off", "gray", "ban"),
    "allowed": Status("Allowed", "green", "circle_check"),
    "unsubscribed": Status("Unsubscribed", "gray", "circle_minus"),
    "complained": Status("Complained", "red", "octagon_alert"),
    "invalid": Status("Not valid", "red", "circle_x"),
}
OPERATIONS: Final[dict[str, Status]] = {
    "alive": Status("Running", "green", "circle_check"),
    "draining": Status("Draining", "blue", "log_out"),
    "late": Status("Late", "amber", "triangle_alert"),
    "ended": Status("Ended", "gray", "circle_minus"),
    "held": Status("Held", "green", "circle_check"),
    "expired": Status("Expired", "amber", "triangle_alert"),
}
STATUS: Final[dict[str, Status]] = {**CAMPAIGN, **DELIVERY, **IMPORT, **FINDING, **HEALTH, **CONTACT, **OPERATIONS}
SEGMENT_ORDER: Final = ("sent", "skipped", "uncertain", "failed", "sending")

CHANNEL: Final[dict[str, Status]] = {
    channel.name: Status(channel.label, "gray", channel.icon) for channel in registry.channels()
}


@dataclass(frozen=True, slots=True)
class Palette:
    """Hex colours for Plotly, which cannot read CSS variables."""

    text: str
    secondary: str
    panel: str
    grid: str
    line: str
    axis: str
    before: str
    band: str
    series: tuple[str, str, str, str]
    fill: str
    heat: tuple[str, str, str, str, str, str]
    status: dict[str, str]


_STATUS_LIGHT = {"green": "#30a46c", "red": "#e5484d", "orange": "#f76b15", "amber": "#ffc53d", "iris": "#5b5bd6"}

LIGHT: Final = Palette(
    text="#1c2024",
    secondary="#60646c",
    panel="#ffffff",
    grid="#f0f0f3",
    line="#d9d9e0",
    axis="#e0e1e6",
    before="#b9bbc6",
    band="#f0f0f3",
    series=("#5b5bd6", "#12a594", "#ffc53d", "#8b8d98"),
    fill="rgba(91,91,214,.10)",
    heat=("#f8f8ff", "#f0f1fe", "#dadcff", "#b8baf8", "#9b9ef0", "#5b5bd6"),
    status=_STATUS_LIGHT | {"gray": "#b9bbc6", "track": "#e0e1e6"},
)
DARK: Final = Palette(
    text="#edeef0",
    secondary="#b0b4ba",
    panel="#212225",
    grid="#212225",
    line="#363a3f",
    axis="#2e3135",
    before="#5a6169",
    band="#212225",
    series=("#6e6ade", "#12a594", "#ffc53d", "#696e77"),
    fill="rgba(110,106,222,.16)",
    heat=("#171625", "#202248", "#262a65", "#3d3e82", "#4a4a95", "#5b5bd6"),
    status=_STATUS_LIGHT | {"gray": "#696e77", "track": "#2e3135", "iris": "#6e6ade"},
)


def palette(dark: bool) -> Palette:
    return DARK if dark else LIGHT


def chart_layout(dark: bool, height: int = 206, **changes: Any) -> dict[str, Any]:
    """The Plotly layout of all charts. `height` is in px; nested keys of `changes` are merged."""
    colors = palette(dark)
    layout: dict[str, Any] = {
        "font": {"family": FONT, "size": 12, "color": colors.secondary},
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "margin": {"l": 40, "r": 8, "t": 8, "b": 28},
        "height": height,
        "showlegend": False,
        "bargap": 0.3,
        "barcornerradius": 3,
        "hovermode": "x unified",
        "hoverlabel": {
            "bgcolor": colors.panel,
            "bordercolor": colors.line,
            "font": {"size": 12, "color": colors.text},
        },
        "xaxis": {
            "showgrid": False,
            "zeroline": False,
            "linecolor": colors.axis,
            "ticks": "",
            "nticks": 8,
            "fixedrange": True,
            "automargin": True,
        },
        "yaxis": {
            "gridcolor": colors.grid,
            "zeroline": False,
            "showline": False,
            "ticks": "",
            "nticks": 4,
            "rangemode": "tozero",
            "tickformat": ",d",
            "fixedrange": True,
            "automargin": True,
        },
    }
    for key, value in changes.items():
        layout[key] = {**layout[key], **value} if isinstance(layout.get(key), dict) else value
    return layout


def chart_config() -> dict[str, Any]:
    """Plotly config: no mode bar, follows the width of its card."""
    return {"displayModeBar": False, "responsive": True}
