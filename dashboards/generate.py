#!/usr/bin/env python3
"""Writes the Grafana dashboards, the Prometheus rules and the rules' unit tests from what is in `source`.

    python3 dashboards/generate.py
    python3 dashboards/generate.py --runbook https://wiki.example.org/wormhole
    python3 dashboards/generate.py --output /tmp/somewhere
"""

import argparse
import json
import sys
from pathlib import Path

sys.dont_write_bytecode = True

from source import alerts, mailbox, operations, overview, recording, scenarios, transit
from source.grafana import dashboard_json
from source.prometheus import computations_yaml, rules_yaml, scenarios_yaml

# Where the links of the alerts lead; a path in this repository, because only its operator knows where it is published.
RUNBOOK = "dashboards/RUNBOOK.md"

NOTICE = "# Made by dashboards/generate.py; changes belong into dashboards/source.\n"
RECORDING_FILE = "recording.rules.yml"
ALERTS_FILE = "alerting.rules.yml"


def files(runbook: str) -> dict[str, str]:
    """Path below the output folder to content."""
    result = {
        f"grafana/{module.DASHBOARD.uid}.json": json.dumps(dashboard_json(module.DASHBOARD), indent=2) + "\n"
        for module in [overview, mailbox, transit, operations]
    }
    rule_files = [RECORDING_FILE, ALERTS_FILE]
    groups = recording.GROUPS + alerts.GROUPS
    rules = {
        RECORDING_FILE: rules_yaml(recording.GROUPS, runbook),
        ALERTS_FILE: rules_yaml(alerts.GROUPS, runbook),
        "recording.tests.yml": computations_yaml(rule_files, groups, scenarios.COMPUTATIONS),
        "alerting.tests.yml": scenarios_yaml(rule_files, groups, scenarios.WITHIN_HOURS, "1m", runbook),
        "alerting-days.tests.yml": scenarios_yaml(rule_files, groups, scenarios.OVER_DAYS, "1h", runbook),
    }
    return result | {f"prometheus/{name}": NOTICE + text for name, text in rules.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", type=Path, default=Path(__file__).parent, help="the folder to write to")
    parser.add_argument("--runbook", default=RUNBOOK, help="where RUNBOOK.md is published")
    arguments = parser.parse_args()
    for path, text in files(arguments.runbook).items():
        file = arguments.output / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)


if __name__ == "__main__":
    main()
