"""Says what of a dashboard Grafana's own model does not know: a line for each member and each value that is not in it.

The model is Grafana's published schema as the package grafana-foundation-sdk has it: of the dashboard, of each kind of panel
that is used, of its options and fields, and of a query to Prometheus.
"""

import enum
import json
import sys
import typing

from grafana_foundation_sdk.cog import runtime
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.cog.plugins import register_default_plugins
from grafana_foundation_sdk.models import dashboard, prometheus, units

# Plugins may add members to an annotation, and the one for Prometheus does.
OF_ANNOTATIONS = {"step", "tagKeys", "titleFormat", "useValueForTime"}
UNITS = {value for name, value in vars(units).items() if isinstance(value, str) and not name.startswith("_")}


def complaints(path: str) -> typing.Iterator[str]:
    with open(path, encoding="utf-8") as file:
        written = json.load(file)
    model = dashboard.Dashboard.from_json(written)
    yield from lost(written, json.loads(json.dumps(model, cls=JSONEncoder)), "")
    yield from wrong(model, dashboard.Dashboard, "")
    for panel in model.panels:
        if isinstance(panel, dashboard.Panel):
            yield from unknown(panel)


def lost(written: object, read: object, place: str) -> typing.Iterator[str]:
    """Members that the model has no place for, and that are gone when it is written again."""
    if isinstance(written, dict) and isinstance(read, dict):
        for name, value in written.items():
            if name in read:
                yield from lost(value, read[name], f"{place}/{name}")
            elif value is not None and not (place.startswith("/annotations/list/") and name in OF_ANNOTATIONS):
                yield f"{place}/{name} is not in the model"
    elif isinstance(written, list) and isinstance(read, list):
        if len(written) != len(read):
            yield f"{place} has lost elements"
        for index, (one, other) in enumerate(zip(written, read)):
            yield from lost(one, other, f"{place}/{index}")
    elif written != read:
        yield f"{place} is {written!r}, and is read as {read!r}"


def wrong(value: object, kind: object, place: str) -> typing.Iterator[str]:
    """Values of another type than the model's, or words that are not among its words."""
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if origin is typing.Union:
        found = [list(wrong(value, one, place)) for one in arguments]
        yield from min(found, key=len)
    elif origin is typing.Literal:
        if value not in arguments:
            yield f"{place} is {value!r}, not one of {arguments}"
    elif origin is list:
        for index, element in enumerate(value if isinstance(value, list) else ()):
            yield from wrong(element, arguments[0], f"{place}/{index}")
        if not isinstance(value, list):
            yield f"{place} is {value!r}, not a list"
    elif origin is dict:
        for name, element in (value.items() if isinstance(value, dict) else ()):
            yield from wrong(element, arguments[1], f"{place}/{name}")
        if not isinstance(value, dict):
            yield f"{place} is {value!r}, not an object"
    elif isinstance(kind, type) and issubclass(kind, enum.Enum):
        if value not in [word.value for word in kind]:
            yield f"{place} is {value!r}, not one of {[word.value for word in kind]}"
    elif kind is float:
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            yield f"{place} is {value!r}, not a number"
    elif kind in (int, str, bool, type(None)):
        if type(value) is not kind and not (kind is str and isinstance(value, str)):
            yield f"{place} is {value!r}, not {kind.__name__}"
    elif kind not in (object, typing.Any) and not isinstance(value, kind):
        yield f"{place} is {value!r}, not {kind}"
    elif hasattr(value, "to_json"):
        # What a kind of panel brings along has a type of its own.
        for name, member in typing.get_type_hints(type(value)).items():
            if hasattr(value, name):
                yield from wrong(getattr(value, name), member, f"{place}/{name}")


def unknown(panel: dashboard.Panel) -> typing.Iterator[str]:
    if runtime.panelcfg_config(panel.type_val) is None:
        yield f"{panel.title}: there is no panel of the kind {panel.type_val}"
    if panel.field_config.defaults.unit not in UNITS:
        yield f"{panel.title}: there is no unit {panel.field_config.defaults.unit}"
    for target in panel.targets:
        if not isinstance(target, prometheus.Dataquery):
            yield f"{panel.title}: {json.dumps(target, cls=JSONEncoder)} is no query to Prometheus"


register_default_plugins()
for path in sys.argv[1:]:
    for complaint in complaints(path):
        print(f"{path}: {complaint}")
