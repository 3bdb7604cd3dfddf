"""Words for writing Grafana dashboards, and their translation into Grafana's JSON model.

A dashboard is rows of panels, a panel is a picture of a few queries:

    Dashboard(uid, title, description, rows=[
        Row("Pairing", [
            Panel("Handshakes", "First lines of connections by verdict.", Unit.PER_SECOND,
                  [Query("sum by (result) (rate(wormhole_transit_handshakes_total[$__rate_interval]))", "{{result}}")]),
        ]),
    ])

Queries are plain PromQL without the dashboard's variables: every metric in them is narrowed to `$job` and `$instance` here.
Widths are written out; each line of a row has to fill the whole width of 24, or the translation fails.
"""

import re
from dataclasses import dataclass, field
from enum import Enum

WIDTH = 24
TAG = "wormhole-server"
# What the JSON is written for; newer ones bring it up to date when they read it.
GRAFANA = "11.0.0"
SCHEMA = 39
DATASOURCE = {"type": "prometheus", "uid": "${datasource}"}
SCOPE = 'job=~"$job", instance=~"$instance"'

# Names that begin like this are metrics wherever they stand in an expression; no label is called so.
METRIC = re.compile(r'(?<![\w:"])((?:wormhole_|process_|instance:|instance_le:|ALERTS)[\w:]*)(?:\{([^}]*)\})?')


class Unit(str, Enum):
    """Units as Grafana's panels know them."""

    BYTES = "decbytes"
    BYTES_PER_SECOND = "Bps"
    COUNT = "short"
    DATE = "dateTimeAsIso"
    NONE = "none"
    PER_SECOND = "cps"
    RATIO = "percentunit"
    SECONDS = "s"


class Kind(str, Enum):
    """How a panel looks."""

    HEATMAP = "heatmap"
    LINES = "timeseries"
    NUMBER = "stat"
    STATES = "state-timeline"


class Color(str, Enum):
    GREEN = "green"
    BLUE = "blue"
    YELLOW = "yellow"
    ORANGE = "orange"
    RED = "red"


@dataclass(frozen=True)
class Query:
    """One PromQL expression, and the name of the series that it returns."""

    expr: str
    legend: str = ""
    # A ceiling beside what is measured: drawn as a dashed line without a filling.
    is_limit: bool = False

    @property
    def scoped_expr(self) -> str:
        return METRIC.sub(self._scoped_metric, " ".join(self.expr.split()))

    @staticmethod
    def _scoped_metric(match: re.Match) -> str:
        matchers = ", ".join(filter(None, [match[2], SCOPE]))
        return f"{match[1]}{{{matchers}}}"


@dataclass(frozen=True)
class Panel:
    title: str
    description: str
    unit: Unit
    queries: list[Query]
    kind: Kind = Kind.LINES
    width: int = 8
    height: int = 8
    is_stacked: bool = False
    # Where the colour changes, ascending; below the first it is green.
    thresholds: list[tuple[float, Color]] = field(default_factory=list)
    # Below the first threshold: red for figures of which more is better.
    base_color: Color = Color.GREEN
    # Words and colours in the place of values.
    mappings: dict[float, tuple[str, Color]] = field(default_factory=dict)
    decimals: int | None = None
    maximum: float | None = None
    # The names of series in the place of their values.
    shows_names: bool = False
    # One value for each so long a time, such as `1d`, drawn as a bar; over this time, whatever is chosen for the others.
    bar_length: str = ""
    time_from: str = ""


@dataclass(frozen=True)
class Row:
    title: str
    panels: list[Panel]


@dataclass(frozen=True)
class Annotation:
    """Moments marked on every graph: the values of the expression are their times, in milliseconds since 1970."""

    name: str
    expr: str
    color: Color


@dataclass(frozen=True)
class Dashboard:
    uid: str
    title: str
    description: str
    rows: list[Row]
    annotations: list[Annotation]


def dashboard_json(dashboard: Dashboard) -> dict:
    return {
        "annotations": {"list": [_annotation_json(annotation) for annotation in dashboard.annotations]},
        "description": dashboard.description,
        "editable": False,
        "fiscalYearStartMonth": 0,
        "graphTooltip": 1,
        "id": None,
        "links": [_link_json()],
        "liveNow": False,
        "panels": _panels_json(dashboard.rows),
        "refresh": "30s",
        "schemaVersion": SCHEMA,
        "tags": [TAG],
        "templating": {"list": _variables_json()},
        "time": {"from": "now-6h", "to": "now"},
        "timepicker": {},
        "timezone": "",
        "title": dashboard.title,
        "uid": dashboard.uid,
        "version": 1,
        "weekStart": "",
    }


def _annotation_json(annotation: Annotation) -> dict:
    return {
        "datasource": DATASOURCE,
        "enable": True,
        "expr": Query(annotation.expr).scoped_expr,
        "iconColor": annotation.color.value,
        "name": annotation.name,
        "step": "10s",
        "tagKeys": "instance",
        "titleFormat": annotation.name,
        "useValueForTime": True,
    }


def _link_json() -> dict:
    return {
        "asDropdown": True,
        "icon": "external link",
        "includeVars": True,
        "keepTime": True,
        "tags": [TAG],
        "targetBlank": False,
        "title": "Wormhole server",
        "type": "dashboards",
        "url": "",
    }


def _variables_json() -> list[dict]:
    datasource = {
        "current": {},
        "hide": 0,
        "includeAll": False,
        "label": "Data source",
        "multi": False,
        "name": "datasource",
        "options": [],
        "query": "prometheus",
        "refresh": 1,
        "regex": "",
        "skipUrlSync": False,
        "type": "datasource",
    }
    job = _label_variable("job", "label_values(wormhole_build_info, job)")
    instance = _label_variable("instance", 'label_values(wormhole_build_info{job=~"$job"}, instance)')
    return [datasource, job, instance]


def _label_variable(name: str, query: str) -> dict:
    return {
        "allValue": ".+",
        "current": {"selected": True, "text": ["All"], "value": ["$__all"]},
        "datasource": DATASOURCE,
        "hide": 0,
        "includeAll": True,
        "label": name.capitalize(),
        "multi": True,
        "name": name,
        "options": [],
        "query": query,
        # 2: whenever the time range changes.
        "refresh": 2,
        "regex": "",
        "skipUrlSync": False,
        "sort": 1,
        "type": "query",
    }


def _panels_json(rows: list[Row]) -> list[dict]:
    """Lays the panels out line by line."""
    result = []
    top = 0
    for row in rows:
        result.append(_row_json(len(result) + 1, row.title, top))
        top += 1
        for line in _lines(row):
            left = 0
            for panel in line:
                result.append(_panel_json(len(result) + 1, panel, left, top))
                left += panel.width
            top += line[0].height
    return result


def _lines(row: Row) -> list[list[Panel]]:
    lines: list[list[Panel]] = [[]]
    for panel in row.panels:
        if sum(other.width for other in lines[-1]) == WIDTH:
            lines.append([])
        lines[-1].append(panel)
    for line in lines:
        titles = ", ".join(panel.title for panel in line)
        if sum(panel.width for panel in line) != WIDTH:
            raise ValueError(f"{row.title}: {titles} do not fill the width")
        if len({panel.height for panel in line}) != 1:
            raise ValueError(f"{row.title}: {titles} differ in height")
    return lines


def _row_json(number: int, title: str, top: int) -> dict:
    return {
        "collapsed": False,
        "gridPos": {"h": 1, "w": WIDTH, "x": 0, "y": top},
        "id": number,
        "panels": [],
        "title": title,
        "type": "row",
    }


def _panel_json(number: int, panel: Panel, left: int, top: int) -> dict:
    result = {
        "datasource": DATASOURCE,
        "description": panel.description,
        "fieldConfig": {"defaults": _field_defaults(panel), "overrides": _overrides(panel)},
        "gridPos": {"h": panel.height, "w": panel.width, "x": left, "y": top},
        "id": number,
        "options": _options(panel),
        "pluginVersion": GRAFANA,
        "targets": [_target_json(index, query, panel.kind) for index, query in enumerate(panel.queries)],
        "title": panel.title,
        "type": panel.kind.value,
    }
    if panel.bar_length:
        result["interval"] = panel.bar_length
    if panel.time_from:
        result["timeFrom"] = panel.time_from
    return result


def _target_json(index: int, query: Query, kind: Kind) -> dict:
    is_number = kind is Kind.NUMBER
    return {
        "datasource": DATASOURCE,
        "editorMode": "code",
        "expr": query.scoped_expr,
        "format": "heatmap" if kind is Kind.HEATMAP else "time_series",
        "instant": is_number,
        "legendFormat": query.legend or "__auto",
        "range": not is_number,
        "refId": chr(ord("A") + index),
    }


def _field_defaults(panel: Panel) -> dict:
    steps = [(None, panel.base_color)] + panel.thresholds
    result: dict = {
        "color": {"mode": "palette-classic" if panel.kind is Kind.LINES else "thresholds"},
        "custom": _custom(panel),
        "mappings": _mappings(panel),
        "min": 0,
        "thresholds": {
            "mode": "absolute",
            "steps": [{"color": color.value, "value": value} for value, color in steps],
        },
        "unit": panel.unit.value,
    }
    if panel.decimals is not None:
        result["decimals"] = panel.decimals
    if panel.maximum is not None:
        result["max"] = panel.maximum
    return result


def _custom(panel: Panel) -> dict:
    if panel.kind is Kind.LINES:
        return {
            "drawStyle": "bars" if panel.bar_length else "line",
            "fillOpacity": 60 if panel.is_stacked or panel.bar_length else 10,
            "lineInterpolation": "linear",
            "lineWidth": 1,
            "showPoints": "never",
            "spanNulls": False,
            "stacking": {"group": "A", "mode": "normal" if panel.is_stacked else "none"},
            "thresholdsStyle": {"mode": "line" if panel.thresholds else "off"},
        }
    if panel.kind is Kind.STATES:
        return {"fillOpacity": 70, "lineWidth": 0}
    return {}


def _mappings(panel: Panel) -> list[dict]:
    if not panel.mappings:
        return []
    words = {
        f"{value:g}": {"color": color.value, "index": index, "text": text}
        for index, (value, (text, color)) in enumerate(panel.mappings.items())
    }
    return [{"options": words, "type": "value"}]


def _overrides(panel: Panel) -> list[dict]:
    properties = [
        {"id": "custom.lineStyle", "value": {"dash": [10, 10], "fill": "dash"}},
        {"id": "custom.fillOpacity", "value": 0},
        {"id": "custom.stacking", "value": {"group": "A", "mode": "none"}},
        {"id": "color", "value": {"fixedColor": Color.RED.value, "mode": "fixed"}},
    ]
    limits = [chr(ord("A") + index) for index, query in enumerate(panel.queries) if query.is_limit]
    return [{"matcher": {"id": "byFrameRefID", "options": name}, "properties": properties} for name in limits]


def _options(panel: Panel) -> dict:
    # Many series are at zero for ever: those with something to tell come first.
    legend = {
        "calcs": ["mean", "max", "lastNotNull"],
        "displayMode": "table",
        "placement": "bottom",
        "showLegend": True,
        "sortBy": "Max",
        "sortDesc": True,
    }
    if panel.kind is Kind.LINES:
        return {"legend": legend, "tooltip": {"mode": "multi", "sort": "desc"}}
    if panel.kind is Kind.STATES:
        return {
            "alignValue": "left",
            "legend": {"displayMode": "list", "placement": "bottom", "showLegend": False},
            "mergeValues": True,
            "rowHeight": 0.8,
            "showValue": "auto",
            "tooltip": {"mode": "single", "sort": "none"},
        }
    if panel.kind is Kind.HEATMAP:
        return {
            "calculate": False,
            "cellGap": 1,
            "cellValues": {"unit": Unit.COUNT.value},
            "color": {"exponent": 0.5, "mode": "scheme", "scheme": "Oranges", "steps": 64},
            "filterValues": {"le": 1e-9},
            "legend": {"show": True},
            "rowsFrame": {"layout": "auto"},
            "tooltip": {"mode": "single", "yHistogram": False},
            "yAxis": {"axisPlacement": "left", "reverse": False, "unit": panel.unit.value},
        }
    text = "value_and_name" if any(query.legend for query in panel.queries) else "value"
    return {
        "colorMode": "value",
        "graphMode": "none",
        "justifyMode": "auto",
        "orientation": "auto",
        "reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False},
        "textMode": "name" if panel.shows_names else text,
    }
