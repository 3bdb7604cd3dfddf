"""Words for writing Prometheus rules and their unit tests, and their translation into the YAML that Prometheus reads."""

import re
from dataclasses import dataclass, field
from inspect import cleandoc

# What every series of the unit tests carries besides its own labels: the rules assume this job.
TARGET = {"instance": "relay:4003", "job": "wormhole-server"}


@dataclass(frozen=True)
class Recording:
    """A series that Prometheus computes; its name is level:metric:operations."""

    name: str
    expr: str


@dataclass(frozen=True)
class Alert:
    name: str
    expr: str
    severity: str
    # One line, for the head of a notification.
    summary: str
    # What was measured and why it matters.
    description: str
    # How long the condition has to hold, such as `5m`.
    duration: str = "0m"
    # Labels besides the severity.
    labels: dict[str, str] = field(default_factory=dict)

    @property
    def all_labels(self) -> dict[str, str]:
        return {**self.labels, "severity": self.severity}


@dataclass(frozen=True)
class Group:
    name: str
    rules: list[Recording | Alert]


@dataclass(frozen=True)
class Expected:
    """An alert that fires: the labels of its series besides job and instance, and its value as the description shows it."""

    labels: dict[str, str] = field(default_factory=dict)
    value: str = ""
    # Of several alerts with one name, the one with these labels.
    rule: dict[str, str] = field(default_factory=dict)
    has_instance: bool = True


@dataclass(frozen=True)
class Scenario:
    """What Prometheus scrapes in a story of an hour or of days, and what an alert makes of it.

    Attributes:
        series: Metric to values in promtool's notation, such as `0x10 5+1x20`; one value every `interval`.
        at: When to look.
        fires: What fires then; nothing in a story that is in order, or just short of the alert.
        not_yet: A moment at which the condition holds, but not yet for long enough.
    """

    alert: str
    story: str
    series: dict[str, str]
    at: str
    fires: list[Expected] = field(default_factory=list)
    interval: str = "1m"
    not_yet: str = ""


@dataclass(frozen=True)
class Computation:
    """What a recording rule makes of series."""

    recording: str
    series: dict[str, str]
    at: str
    labels: dict[str, str]
    value: float


def rules_yaml(groups: list[Group], runbook: str) -> str:
    lines = ["groups:"]
    for group in groups:
        lines += [f"  - name: {group.name}", "    rules:"]
        for rule in group.rules:
            lines += _recording(rule) if isinstance(rule, Recording) else _alert(rule, runbook)
    return "\n".join(lines) + "\n"


def scenarios_yaml(rule_files: list[str], groups: list[Group], scenarios: list[Scenario], evaluation: str,
                   runbook: str) -> str:
    alerts = [rule for group in groups for rule in group.rules if isinstance(rule, Alert)]
    lines = _tests_head(rule_files, groups, evaluation)
    for scenario in scenarios:
        lines += _test_head(f"{scenario.alert}: {scenario.story}", scenario.interval, scenario.series)
        lines.append("    alert_rule_test:")
        if scenario.not_yet:
            lines += _nothing(scenario.alert, scenario.not_yet)
        if not scenario.fires:
            lines += _nothing(scenario.alert, scenario.at)
            continue
        lines += [f"      - eval_time: {scenario.at}", f"        alertname: {scenario.alert}", "        exp_alerts:"]
        for expected in scenario.fires:
            alert = next(
                alert for alert in alerts
                if alert.name == scenario.alert and expected.rule.items() <= alert.labels.items()
            )
            lines += _expected_alert(alert, expected, runbook)
    return "\n".join(lines) + "\n"


def computations_yaml(rule_files: list[str], groups: list[Group], computations: list[Computation]) -> str:
    lines = _tests_head(rule_files, groups, "1m")
    for computation in computations:
        lines += _test_head(computation.recording, "1m", computation.series)
        labels = _labels({**TARGET, **computation.labels})
        lines += [
            "    promql_expr_test:",
            f"      - expr: {_quoted(computation.recording)}",
            f"        eval_time: {computation.at}",
            "        exp_samples:",
            f"          - labels: {_quoted(computation.recording + labels)}",
            f"            value: {computation.value:g}",
        ]
    return "\n".join(lines) + "\n"


def _recording(rule: Recording) -> list[str]:
    return [f"      - record: {rule.name}", *_expr(rule.expr)]


def _alert(alert: Alert, runbook: str) -> list[str]:
    return [
        f"      - alert: {alert.name}",
        *_expr(alert.expr),
        f"        for: {alert.duration}",
        "        labels:",
        *_mapping(alert.all_labels, 10),
        "        annotations:",
        *_mapping(_annotations(alert, runbook), 10),
    ]


def _annotations(alert: Alert, runbook: str) -> dict[str, str]:
    return {
        "summary": alert.summary,
        "description": alert.description,
        "runbook_url": f"{runbook}#{alert.name.lower()}",
    }


def _expr(expr: str) -> list[str]:
    lines = cleandoc(expr).strip().split("\n")
    return ["        expr: |-"] + [f"          {line}" for line in lines]


def _mapping(values: dict[str, str], indentation: int) -> list[str]:
    return [f"{' ' * indentation}{key}: {_quoted(value)}" for key, value in values.items()]


def _quoted(text: str) -> str:
    """A scalar of YAML; plain words stay as they are."""
    if re.fullmatch(r"[A-Za-z][\w-]*", text):
        return text
    return "'" + text.replace("'", "''") + "'"


def _tests_head(rule_files: list[str], groups: list[Group], evaluation: str) -> list[str]:
    return [
        "rule_files:",
        *[f"  - {name}" for name in rule_files],
        f"evaluation_interval: {evaluation}",
        "group_eval_order:",
        *[f"  - {group.name}" for group in groups],
        "tests:",
    ]


def _test_head(name: str, interval: str, series: dict[str, str]) -> list[str]:
    lines = [f"  - name: {_quoted(name)}", f"    interval: {interval}", "    input_series:"]
    for metric, values in series.items():
        lines += [f"      - series: {_quoted(_targeted(metric))}", f"        values: {_quoted(values)}"]
    return lines


def _targeted(metric: str) -> str:
    """The metric with job and instance among its labels, unless it has another instance."""
    name, _, labels = metric.rstrip("}").partition("{")
    own = dict(re.findall(r'(\w+)="([^"]*)"', labels))
    return name + _labels({**TARGET, **own})


def _labels(labels: dict[str, str]) -> str:
    return "{" + ", ".join(f'{name}="{value}"' for name, value in labels.items()) + "}"


def _nothing(alert: str, time: str) -> list[str]:
    return [f"      - eval_time: {time}", f"        alertname: {alert}", "        exp_alerts: []"]


def _expected_alert(alert: Alert, expected: Expected, runbook: str) -> list[str]:
    target = TARGET if expected.has_instance else {"job": TARGET["job"]}
    labels = {**target, **expected.labels}
    annotations = {
        key: _expanded(text, labels, expected.value) for key, text in _annotations(alert, runbook).items()
    }
    return [
        "          - exp_labels:",
        *_mapping({**labels, **alert.all_labels}, 14),
        "            exp_annotations:",
        *_mapping(annotations, 14),
    ]


def _expanded(template: str, labels: dict[str, str], value: str) -> str:
    text = re.sub(r"{{ \$labels\.(\w+) }}", lambda match: labels[match[1]], template)
    return re.sub(r"{{ \$value[^}]*}}", value, text)
