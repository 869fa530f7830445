"""Charts as SVG: pure functions from findings to figures, the same for the desk and the report.

No chart carries a `style` attribute or a script: shapes have presentation attributes and classes,
colors come from the token file. Each figure has a title, a summary in words and its data as a
table.
"""

from surveillance.web.charts.figure import Figure
from surveillance.web.charts.graph import account_graph
from surveillance.web.charts.lags import lag_histogram
from surveillance.web.charts.latency import latency_lanes
from surveillance.web.charts.placebo import placebo_panel
from surveillance.web.charts.timeline import order_timeline

__all__ = [
    "Figure",
    "account_graph",
    "lag_histogram",
    "latency_lanes",
    "order_timeline",
    "placebo_panel",
]
