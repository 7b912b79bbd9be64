"""A Plotly figure as the dict that a state var holds (a go.Figure default would slow every page load, see docs)."""

import json
from typing import Any

import plotly.graph_objects as go


def as_dict(figure: go.Figure) -> dict[str, Any]:
    """What `chart` and `chart_card` draw."""
    made: dict[str, Any] = json.loads(figure.to_json())
    return made
