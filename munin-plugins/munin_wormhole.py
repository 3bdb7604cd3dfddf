"""What the Munin plugins of wormhole-server share: graphs as values, databases opened for reading, and Munin's calls.

Munin runs a plugin through a link in /etc/munin/plugins; each adds the folder of the file behind that link to its path
to find this module. It is not executable, so that Munin does not take it for a plugin.
"""

import http.client
import os
import re
import sqlite3
import sys
import time
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

# Munin gives a plugin ten seconds; the server's transactions take milliseconds.
LOCK_SECONDS = 5
ADMIN_SECONDS = 3

# In bytes; the metrics of the process are a few thousand.
MAXIMAL_ANSWER = 1_000_000

# How old the server's state may be, in seconds, before the originals' plugins take the server for stopped.
MAILBOX_EXPIRY = 360
TRANSIT_EXPIRY = 300

# The multigraph plugin's own limit, unless `env.stale_seconds` sets another: three of Munin's update periods.
STALE_SECONDS = 900

# Versions of a usage database: 1 is the relay's and the older mailbox server's, 2 the newer mailbox server's and ours.
USAGE_VERSIONS = (1, 2)
CHANNEL_VERSIONS = (1, 2)


class Trouble(Exception):
    """Why there are no values, in one line."""


@dataclass(frozen=True)
class Field:
    """One line of a graph. `extra` are further attributes, in the order in which they are printed."""

    name: str
    label: str
    draw: str
    type: str = "GAUGE"
    extra: tuple[tuple[str, object], ...] = ()

    def config(self):
        attributes = (("label", self.label), ("draw", self.draw), ("type", self.type), *self.extra)
        return [f"{self.name}.{name} {value}" for name, value in attributes]


@dataclass(frozen=True)
class Graph:
    """A graph. `extra` are further attributes without their prefix `graph_`."""

    title: str
    vlabel: str
    fields: tuple[Field, ...]
    extra: tuple[tuple[str, object], ...] = ()

    def config(self):
        attributes = (("title", self.title), ("vlabel", self.vlabel), ("category", "wormhole"), *self.extra)
        lines = [f"graph_{name} {value}" for name, value in attributes]
        return lines + [line for field in self.fields for line in field.config()]


class Database:
    """An SQLite database, opened for reading only. Whatever goes wrong with it is a `Trouble`."""

    def __init__(self, variable, versions):
        """Opens the file that the environment variable names."""
        path = os.environ.get(variable, "").strip()
        if not path:
            raise Trouble(f"env.{variable} is not set")
        self.path = Path(path)
        try:
            # SQLite would say no more than "unable to open database file".
            with self.path.open("rb"):
                pass
            self._connection = sqlite3.connect(
                f"{self.path.absolute().as_uri()}?mode=ro", uri=True, timeout=LOCK_SECONDS
            )
        except (OSError, ValueError) as error:
            raise Trouble(f"{path}: {getattr(error, 'strerror', None) or error}") from None
        except sqlite3.Error as error:
            raise Trouble(f"{path}: {error}") from None
        self._connection.row_factory = sqlite3.Row
        # Text from clients need not be UTF-8.
        self._connection.text_factory = lambda data: data.decode("utf-8", "replace")
        self._check_version(versions)

    def rows(self, statement, *parameters):
        try:
            return self._connection.execute(statement, parameters).fetchall()
        except sqlite3.Error as error:
            raise Trouble(f"{self.path}: {error}") from None

    def number(self, statement, *parameters):
        """The whole number a statement answers; 0 for NULL."""
        return whole(self.rows(statement, *parameters)[0][0] or 0)

    def has_table(self, name):
        return bool(self.rows("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?", name))

    def _check_version(self, versions):
        if not self.has_table("version"):
            return
        found = [row[0] for row in self.rows("SELECT version FROM version")]
        if len(found) != 1 or found[0] not in versions:
            raise Trouble(f"{self.path}: version {', '.join(map(str, found)) or 'unknown'} is not known to this plugin")


class AdminEndpoint:
    """The server's own metrics, from the address that `env.admin` names, such as `http://127.0.0.1:4003`."""

    def __init__(self):
        address = os.environ.get("admin", "").strip().rstrip("/")
        url = f"{address}/metrics?scope=process"
        try:
            # The node's environment may name a proxy, which is for other addresses.
            opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
            with opener.open(url, timeout=ADMIN_SECONDS) as answer:
                text = answer.read(MAXIMAL_ANSWER).decode("utf-8", "replace")
        except (OSError, ValueError, http.client.HTTPException) as error:
            raise Trouble(f"{url}: {getattr(error, 'reason', None) or error}") from None
        self._url = url
        self._values = dict(re.findall(r"^(\w+) ([0-9.e+]+)$", text, re.MULTILINE))

    def number(self, metric):
        """The value of a metric that has no labels."""
        try:
            return float(self._values[metric])
        except (KeyError, ValueError):
            raise Trouble(f"{self._url}: there is no {metric}") from None


class UsageDatabase(Database):
    """The usage database that `env.usagedb` names, with its row `current`."""

    def __init__(self):
        super().__init__("usagedb", USAGE_VERSIONS)
        rows = self.rows("SELECT * FROM `current` LIMIT 1")
        if not rows:
            raise Trouble(f"{self.path}: the server has not written its state yet")
        self._current = rows[0]
        self.rebooted = self.current("rebooted")
        self.updated = self.current("updated")
        #: The window in seconds to which `started` is rounded down; 0 when times are exact, or when no table knows.
        self.blur = self._blur()

    @property
    def age(self):
        """Seconds since the server wrote its state."""
        return max(time.time() - self.updated, 0)

    def _blur(self):
        if "blur_time" in self._current.keys():
            return self.current("blur_time")
        # The relay's own `current` lacks the column; our server says it beside it, for the start it belongs to.
        if not self.has_table("blurring"):
            return 0
        return self.number("SELECT MAX(blur_time) FROM blurring WHERE rebooted = ?", self.rebooted)

    def current(self, column):
        """A number of the row `current`; 0 for NULL, except for the two times."""
        try:
            value = self._current[column]
        except IndexError:
            raise Trouble(f"{self.path}: `current` has no column {column}") from None
        if value is None and column not in ("rebooted", "updated"):
            return 0
        if not isinstance(value, (int, float)):
            raise Trouble(f"{self.path}: {column} of `current` is no number")
        return value

    def require_fresh(self, seconds):
        if self.age > seconds:
            raise Trouble(f"{self.path}: the server's state is {self.age:.0f} seconds old")

    @property
    def boot_window(self):
        """When the blur window began in which the server started; its first records carry that time."""
        return self.rebooted // self.blur * self.blur if self.blur > 0 else self.rebooted


class ChannelDatabase(Database):
    """The channel database that `env.channeldb` names."""

    def __init__(self):
        super().__init__("channeldb", CHANNEL_VERSIONS)


# The graphs of mailboxes by result declare these; `crowded` has a value and no line, as it always had.
MAILBOX_EVENT_FIELDS = (
    Field("happy", "Happy", "LINE2"),
    Field("total", "Total", "LINE1"),
    Field("scary", "Scary", "LINE2"),
    Field("pruney", "Pruney", "LINE1"),
    Field("lonely", "Lonely", "LINE2"),
    Field("errory", "Errory", "LINE1"),
)


def mailbox_results(usage, since=None):
    """Mailboxes by result, and `total`, in the order in which they are printed."""
    condition, parameters = ("", ()) if since is None else ("WHERE started >= ?", (since,))
    rows = usage.rows(f"SELECT result, COUNT(*) FROM mailboxes {condition} GROUP BY result", *parameters)
    counts = {name: 0 for name in ("happy", "scary", "lonely", "errory", "pruney", "crowded")}
    counts.update((result, count) for result, count in rows if result in counts)
    return {**counts, "total": sum(count for _, count in rows)}


def transit_ever(usage):
    """Bytes and moods of all records of the relay."""
    return _transit(usage, "")


def transit_since_boot(usage):
    """Bytes and moods of the relay's records since the server started."""
    if usage.blur > 0:
        return _transit(usage, "WHERE started >= ?", usage.boot_window)
    return _transit(usage, "WHERE started > ?", usage.rebooted)


def _transit(usage, condition, *parameters):
    statement = f"SELECT result, COUNT(*), SUM(total_bytes) FROM `usage` {condition} GROUP BY result"
    rows = usage.rows(statement, *parameters)
    counts = {name: 0 for name in ("happy", "errory", "lonely", "redundant")}
    counts.update((result, count) for result, count, _ in rows if result in counts)
    return {**counts, "bytes": sum(whole(size or 0) for _, _, size in rows)}


def whole(value):
    if not isinstance(value, (int, float)):
        raise Trouble(f"{value!r} is no number")
    return int(value)


def field_name(text):
    """Text as the name of a field."""
    return re.sub(r"[^A-Za-z0-9_]", "_", text)


def complain(reason):
    print(f"{os.path.basename(sys.argv[0])}: {reason}", file=sys.stderr)


def run_original(graph, expiry, read_values):
    """Answers Munin for one of the plugins of the original servers.

    `read_values` takes the usage database and returns pairs of a field's name and its value, in the order in which they
    are printed. State older than `expiry` seconds is no state. Any `Trouble` prints no value, one line on standard
    error, and exits with 1, so that a stopped server leaves gaps.
    """

    def values():
        database = UsageDatabase()
        database.require_fresh(expiry)
        return [f"{name}.value {value}" for name, value in read_values(database)]

    command = sys.argv[1] if len(sys.argv) > 1 else ""
    if command == "config":
        lines = graph.config()
    elif command == "autoconf":
        lines = [autoconf(lambda: read_values(UsageDatabase()))]
    else:
        try:
            lines = values()
        except Trouble as trouble:
            complain(trouble)
            return 1
    print("\n".join(lines))
    return 0


@dataclass(frozen=True)
class Section:
    """One graph of the multigraph plugin. `read` takes a `Source` and returns values by the names of fields."""

    name: str
    graph: Graph
    read: Callable
    #: What the graph is left out without, besides the usage database: `channels`, `admin`, or nothing.
    needs: str = ""

    def values(self, source):
        """The lines of the values, `U` for what is not known, and the reason for the latter."""
        values, trouble = {}, None
        try:
            values = self.read(source)
        except Trouble as reason:
            trouble = reason
        return [f"{field.name}.value {values.get(field.name, 'U')}" for field in self.graph.fields], trouble


@dataclass(frozen=True)
class Group:
    """What one link of the multigraph plugin shows, and the tables of the usage database without which it is empty."""

    sections: tuple[Section, ...]
    tables: tuple[str, ...]


class Source:
    """What the multigraph plugin reads, each opened when it is first asked for, in vain only once."""

    def __init__(self):
        self._opened = {}

    @property
    def usage(self):
        return self._open(UsageDatabase)

    @property
    def fresh_usage(self):
        self.usage.require_fresh(stale_seconds())
        return self.usage

    @property
    def channels(self):
        # The file stays when the server stops; only the usage database tells.
        return self.fresh_usage and self._open(ChannelDatabase)

    @property
    def admin(self):
        return self._open(AdminEndpoint)

    def has(self, need):
        """Whether there is anything to be read, now or later; usually Munin may not read the channel database."""
        if need == "channels":
            return os.access(os.environ.get("channeldb", ""), os.R_OK)
        return need != "admin" or os.environ.get("admin", "").strip() != ""

    def counters(self):
        usage = self.fresh_usage
        if not usage.has_table("counters"):
            raise Trouble(f"{usage.path}: there are no counters, because another server made the file")
        return {name: whole(value) for name, value in usage.rows("SELECT name, value FROM counters")}

    def _open(self, kind):
        if kind not in self._opened:
            try:
                self._opened[kind] = kind()
            except Trouble as trouble:
                self._opened[kind] = trouble
        if isinstance(self._opened[kind], Trouble):
            raise self._opened[kind]
        return self._opened[kind]


def stale_seconds():
    try:
        return float(os.environ["stale_seconds"])
    except (KeyError, ValueError):
        return STALE_SECONDS


def run_groups(prefix, groups):
    """Answers Munin for a link to the multigraph plugin: the group its name ends with, or all under the bare name.

    What cannot be known is `U`, with one line for each reason on standard error; the exit status is 0.
    """
    command = sys.argv[1] if len(sys.argv) > 1 else ""
    source = Source()
    if command == "autoconf":
        print(autoconf(lambda: source.usage))
        return 0
    if command == "suggest":
        print("".join(f"{name}\n" for name, group in groups.items() if has_tables(source, group)), end="")
        return 0
    wanted = os.path.basename(sys.argv[0]).removeprefix(prefix)
    if wanted and wanted not in groups:
        complain(f"there are no graphs called {wanted}, only {', '.join(groups)}")
        return 1
    troubles = {}
    for section in [section for name, group in groups.items() if wanted in ("", name) for section in group.sections]:
        if not source.has(section.needs):
            continue
        print(f"multigraph {section.name}")
        if command == "config":
            print("\n".join(section.graph.config()))
        if command != "config" or os.environ.get("MUNIN_CAP_DIRTYCONFIG") == "1":
            lines, trouble = section.values(source)
            print("\n".join(lines))
            if trouble:
                troubles[str(trouble)] = None
    for trouble in troubles:
        complain(trouble)
    return 0


def has_tables(source, group):
    try:
        return all(source.usage.has_table(table) for table in group.tables)
    except Trouble:
        return False


def autoconf(attempt):
    """Munin's `yes`, or `no` with the reason when the attempt ends in `Trouble`."""
    try:
        attempt()
    except Trouble as trouble:
        return f"no ({trouble})"
    return "yes"
