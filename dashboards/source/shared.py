"""Pieces that several dashboards have in common."""

from source.grafana import Annotation, Color, Kind, Panel, Query, Unit

MOMENTS = [
    Annotation("Start", "process_start_time_seconds * 1000", Color.BLUE),
    Annotation("Drain", "(wormhole_drain_started_timestamp_seconds > 0) * 1000", Color.YELLOW),
    # At the start the configuration is read as well, which is no reload.
    Annotation("Reload", """
        (
            wormhole_config_last_reload_success_timestamp_seconds
            and on (job, instance) wormhole_config_reloads_total{result="success"} > 0
        ) * 1000
    """, Color.GREEN),
]


def quantiles(metric: str, *, by: str = "", legend: str = "") -> list[Query]:
    """Median, 90th and 99th percentile of a histogram.

    Args:
        by: Labels besides `le` by which they are told apart, such as `class`.
        legend: What comes after the percentile in the name of a series, such as `{{class}}`.
    """
    labels = ", ".join(filter(None, ["le", by]))
    return [
        Query(
            f"histogram_quantile({quantile}, sum by ({labels}) (rate({metric}_bucket[$__rate_interval])))",
            f"{name} {legend}".strip(),
        )
        for quantile, name in [(0.5, "p50"), (0.9, "p90"), (0.99, "p99")]
    ]


def heatmap(title: str, description: str, unit: Unit, metric: str, width: int = 8) -> Panel:
    """How often a histogram's values fell into each of its buckets."""
    query = Query(f"sum by (le) (increase({metric}_bucket[$__rate_interval]))", "{{le}}")
    return Panel(title, description, unit, [query], kind=Kind.HEATMAP, width=width)
