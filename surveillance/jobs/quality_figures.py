"""The figures of docs/quality.md: small SVG files that stand alone, the same bytes every time.

Each file carries its own colors, for light and dark pages, and says in words what it shows.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import log10

from markupsafe import Markup

from surveillance.jobs.calibration import Calibration
from surveillance.jobs.evaluation import Evaluation
from surveillance.jobs.quality_tables import METHOD_NAMES
from surveillance.jobs.summing import KindScore, MethodScore
from surveillance.web.charts import svg
from surveillance.web.charts.scales import LinearScale
from surveillance.web.markup import element, short_number

CALIBRATION, HONEST_FLAGS, MEMBER_RECALL = "calibration", "honest-flags", "member-recall"
FIGURE_NAMES = (CALIBRATION, HONEST_FLAGS, MEMBER_RECALL)

_STYLE = (
    "text{font:12px system-ui,sans-serif;fill:#1b2733}.soft{fill:#5b6b7a}"
    ".axis{stroke:#b6c1cc;stroke-width:1}.bar{fill:#2f6fab}.ours{fill:#1f8a5b}"
    ".mark{stroke:#1b2733;stroke-width:2}.line{stroke:#2f6fab;stroke-width:2;fill:none}"
    ".dot{fill:#2f6fab}"
    "@media(prefers-color-scheme:dark){text{fill:#e6edf3}.soft{fill:#9aa8b5}"
    ".axis{stroke:#4a5763}.mark{stroke:#e6edf3}}"
)
_WIDTH, _LEFT, _RIGHT, _TOP, _ROW, _BOTTOM = 640, 230, 110, 34, 24, 26
_SIDE = 320
_LEAST_RATE = 0.01  # per 1,000 account-days: left end of the logarithmic axis
_MOST_RATE = 1000.0


@dataclass(frozen=True, slots=True)
class QualityFigure:
    """One figure: its name in the section, what it shows in words, and the file's text."""

    name: str
    summary: str
    svg: str


def figures_of(evaluation: Evaluation) -> tuple[QualityFigure, ...]:
    """Return the figures that an evaluation has the numbers for."""
    figures = [_honest_flags(evaluation.methods)]
    if evaluation.methods[0].kinds:
        figures.append(_member_recall(evaluation.methods[0].kinds))
    if evaluation.calibration is not None:
        figures.append(_calibration(evaluation.calibration))
    return tuple(figures)


def _honest_flags(methods: Sequence[MethodScore]) -> QualityFigure:
    x = LinearScale(log10(_LEAST_RATE), log10(_MOST_RATE), _LEFT, _WIDTH - _RIGHT)

    def at(rate: float) -> float:
        return x.at(log10(min(max(rate, _LEAST_RATE), _MOST_RATE)))

    finished = [method for method in methods if method.n_runs]
    bottom = _TOP + _ROW * len(finished)
    children: list[str] = []
    for exponent in range(-2, 4):
        place = x.at(exponent)
        children.append(svg.line(place, _TOP - 4, place, bottom, "axis"))
        children.append(
            svg.text(place, bottom + 16, f"{10.0**exponent:g}", class_="soft", text_anchor="middle")
        )
    for row, method in enumerate(finished):
        rate = method.flagged
        children += _bar(
            row,
            METHOD_NAMES[method.method],
            at(rate.rate),
            f"{rate.rate:.2f}",
            is_ours=row == 0,
        )
        middle = _TOP + _ROW * row + _ROW / 2
        bound = at(rate.bound)
        children.append(svg.line(bound, middle - 8, bound, middle + 8, "mark"))
    title = "Honest accounts flagged per 1,000 account-days"
    said = "; ".join(
        f"{METHOD_NAMES[m.method]} {m.flagged.rate:.2f} (at most {m.flagged.bound:.2f})"
        for m in finished
    )
    return _figure(
        HONEST_FLAGS,
        f"{title}; the mark is the 95% bound",
        f"{title}: {said}.",
        _WIDTH,
        bottom + _BOTTOM,
        children,
    )


def _member_recall(kinds: Sequence[KindScore]) -> QualityFigure:
    x = LinearScale(0.0, 1.0, _LEFT, _WIDTH - _RIGHT)
    bottom = _TOP + _ROW * len(kinds)
    children: list[str] = []
    for share in (0.0, 0.5, 1.0):
        place = x.at(share)
        children.append(svg.line(place, _TOP - 4, place, bottom, "axis"))
        children.append(
            svg.text(place, bottom + 16, f"{share:.0%}", class_="soft", text_anchor="middle")
        )
    for row, kind in enumerate(kinds):
        recall = kind.member_recall or 0.0
        children += _bar(row, kind.kind, x.at(recall), f"{recall:.1%}", is_ours=True)
    said = "; ".join(f"{kind.kind} {kind.member_recall or 0.0:.1%}" for kind in kinds)
    title = "Member recall of the detector, by planted kind"
    return _figure(MEMBER_RECALL, title, f"{title}: {said}.", _WIDTH, bottom + _BOTTOM, children)


def _calibration(calibration: Calibration) -> QualityFigure:
    x = LinearScale(0.0, 1.0, 48, _SIDE - 16)
    y = LinearScale(0.0, 1.0, _SIDE - 36, _TOP)
    children: list[str] = [svg.line(x.at(0), y.at(0), x.at(1), y.at(1), "axis")]
    for share in (0.0, 0.5, 1.0):
        children += [
            svg.text(x.at(share), _SIDE - 18, f"{share:g}", class_="soft", text_anchor="middle"),
            svg.text(40, y.at(share) + 4, f"{share:g}", class_="soft", text_anchor="end"),
        ]
    points = [(x.at(b.mean_probability), y.at(b.share_right), b.n) for b in calibration.bins]
    path = " ".join(f"{short_number(px)},{short_number(py)}" for px, py, _ in points)
    children.append(element("polyline", points=path, class_="line"))
    largest = max(n for _, _, n in points)
    children += [
        element("circle", cx=px, cy=py, r=2.5 + 4.5 * (n / largest) ** 0.5, class_="dot")
        for px, py, n in points
    ]
    said = "; ".join(
        f"said {b.mean_probability:.2f}, right {b.share_right:.2f} of {b.n}"
        for b in calibration.bins
    )
    title = f"Calibration: said against right, error {calibration.error:.3f}"
    return _figure(CALIBRATION, title, f"{title}. {said}.", _SIDE, _SIDE, children)


def _bar(row: int, name: str, end: float, value: str, *, is_ours: bool) -> list[str]:
    top = _TOP + _ROW * row
    middle = top + _ROW / 2 + 4
    return [
        svg.text(_LEFT - 10, middle, svg.label(name, 34), text_anchor="end"),
        element(
            "rect",
            x=_LEFT,
            y=top + 5,
            width=max(end - _LEFT, 1),
            height=_ROW - 10,
            class_="ours" if is_ours else "bar",
        ),
        svg.text(_WIDTH - _RIGHT + 12, middle, value),
    ]


def _figure(
    name: str, title: str, summary: str, width: float, height: float, children: Sequence[str]
) -> QualityFigure:
    root = element(
        "svg",
        element("title", title),
        element("desc", summary),
        element("style", Markup(_STYLE)),  # noqa: S704 - a constant of this module
        svg.text(12, 18, title),
        *children,
        xmlns="http://www.w3.org/2000/svg",
        viewBox=f"0 0 {short_number(width)} {short_number(height)}",
        width=width,
        height=height,
        role="img",
    )
    return QualityFigure(name, _alt(summary), f"{root}\n")


def _alt(summary: str) -> str:
    """Return words that can stand in a Markdown image: no brackets, no line breaks."""
    return summary.translate(str.maketrans("[]\n\\", "()  "))
