#!/usr/bin/env python3
"""Draws the panels of grafana-dashboard.json with what Prometheus answered.

It is no screenshot of Grafana: it draws lines, numbers and buckets in the grid
of the dashboard, with its titles, units and colours, so that a reader of the
documentation sees what the dashboard shows.

    go run ./resources/monitoring -out answers.json
    resources/monitoring/draw.py answers.json docs/images/dashboard.png
"""

import datetime
import json
import os
import sys

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
from matplotlib.ticker import FuncFormatter, MaxNLocator
from PIL import Image

BACKGROUND, PANEL, EDGE, TEXT, FAINT = "#111217", "#181b1f", "#2c3235", "#ccccdc", "#8e8e9a"
PALETTE = ["#73bf69", "#f2cc0c", "#8ab8ff", "#ff780a", "#f2495c", "#5794f2", "#b877d9", "#705da0", "#37872d", "#fade2a", "#447ebc"]
NAMED = {"green": "#299c46", "red": "#c4162a", "orange": "#e0752d"}
WIDTH, ROW, HEAD, FOOT, GAP = 1600, 30, 46, 26, 5  # pixels
DPI = 100


def number(v, unit):
    """A value as Grafana would print it, nearly."""
    if unit == "percentunit":
        return f"{100 * v:.3g} %"
    if unit == "currencyUSD":
        return f"${v:.2f}" if v >= 0.1 or v == 0 else f"${v:.3f}"
    if unit == "s":
        if v >= 120:
            return f"{v / 60:.3g} min"
        return f"{v:.3g} s" if v >= 1 or v == 0 else f"{1000 * v:.3g} ms"
    suffix = {"bytes": "B", "Bps": "B/s", "reqps": "/s"}.get(unit, "")
    for factor, letter in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if abs(v) >= factor:
            return f"{v / factor:.3g} {letter}{suffix}"
    return f"{v:.3g} {suffix}".strip()


def color_of(value, steps):
    found = steps[0]["color"]
    for step in steps[1:]:
        if value >= step["value"]:
            found = step["color"]
    return NAMED.get(found, found)


class Page:
    """The whole picture, measured in pixels from the top left."""

    def __init__(self, rows):
        self.height = HEAD + rows * ROW + FOOT
        self.figure = plt.figure(figsize=(WIDTH / DPI, self.height / DPI), dpi=DPI, facecolor=BACKGROUND)

    def box(self, x, y, w, h, **kw):
        return self.figure.add_axes((x / WIDTH, 1 - (y + h) / self.height, w / WIDTH, h / self.height), **kw)

    def text(self, x, y, text, **kw):
        self.figure.text(x / WIDTH, 1 - y / self.height, text, **kw)

    def frame(self, panel):
        """Draws the frame and title of a panel and returns the room inside."""
        grid = panel["gridPos"]
        unit = (WIDTH - 2 * GAP) / 24
        x, y = GAP + grid["x"] * unit + GAP / 2, HEAD + grid["y"] * ROW + GAP / 2
        w, h = grid["w"] * unit - GAP, grid["h"] * ROW - GAP
        if panel["type"] == "row":
            self.text(x + 4, y + 14, "▾ " + panel["title"], color=TEXT, fontsize=10, va="center", weight="bold")
            return None
        axes = self.box(x, y, w, h, facecolor=PANEL, xticks=[], yticks=[])
        for spine in axes.spines.values():
            spine.set_color(EDGE)
        self.text(x + 8, y + 13, panel["title"], color=TEXT, fontsize=8.5, va="center")
        return x, y + 24, w, h - 24


def series_of(answer):
    for target in answer["targets"]:
        for s in target["series"] or []:
            if s["points"]:
                yield s


def fixed(panel):
    """Colours that the dashboard gives to single series."""
    return {o["matcher"]["options"]: p["value"]["fixedColor"]
            for o in panel["fieldConfig"]["overrides"] for p in o["properties"] if p["id"] == "color"}


def legend(page, room, entries):
    """Writes the names below a graph, as many as there is room for."""
    x, y, w, h = room
    at, line = x + 8, 0
    for name, color in entries:
        width = 24 + 6.2 * len(name)
        if at + width > x + w and at > x + 8:
            at, line = x + 8, line + 1
        if line > 1:
            break
        page.text(at, y + h - 22 + 13 * line, "━", color=color, fontsize=7, va="center")
        page.text(at + 12, y + h - 22 + 13 * line, name, color=FAINT, fontsize=7, va="center")
        at += width


def plot(page, room, span, unit, bottom=42):
    """An empty graph in a room."""
    x, y, w, h = room
    axes = page.box(x + 58, y + 4, w - 70, h - bottom - 4, facecolor=PANEL)
    for spine in axes.spines.values():
        spine.set_visible(False)
    axes.tick_params(colors=FAINT, labelsize=7, length=0)
    axes.grid(color=EDGE, linewidth=0.5)
    axes.set_axisbelow(True)
    axes.set_xlim(*span)
    axes.xaxis.set_major_locator(MaxNLocator(4, prune="both"))
    axes.xaxis.set_major_formatter(FuncFormatter(
        lambda v, _: datetime.datetime.fromtimestamp(v, datetime.timezone.utc).strftime("%H:%M:%S")))
    axes.yaxis.set_major_locator(MaxNLocator(4))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda v, _: number(v, unit)))
    return axes


def timeseries(page, panel, answer, room, span):
    defaults = panel["fieldConfig"]["defaults"]
    axes = plot(page, room, span, defaults["unit"])
    stacked = "stacking" in defaults["custom"]
    colors, entries, base, free = fixed(panel), [], {}, iter(PALETTE * 5)
    for s in sorted(series_of(answer), key=lambda s: s["name"] in colors):
        if stacked and not any(v for _, v in s["points"]):
            continue  # nothing to see, and the names need the room
        name = s["name"] or "value"
        color = NAMED.get(colors.get(name), None) or next(free)
        times = [t for t, _ in s["points"]]
        values = [v for _, v in s["points"]]
        if stacked:
            low = [base.get(t, 0) for t in times]
            values = [v + b for v, b in zip(values, low)]
            base.update(zip(times, values))
            axes.fill_between(times, low, values, color=color, alpha=0.45, linewidth=0)
        elif name not in colors:
            axes.fill_between(times, values, color=color, alpha=0.08, linewidth=0)
        axes.plot(times, values, color=color, linewidth=1.1, linestyle="--" if name in colors else "-")
        entries.append((name, color))
    axes.set_ylim(bottom=0, top=defaults.get("max"))
    if defaults.get("max") is None and axes.get_ylim()[1] < 1e-9:
        axes.set_ylim(0, 1)
    legend(page, room, entries)


def heatmap(page, panel, answer, room, span):
    axes = plot(page, room, span, "none", bottom=26)
    buckets = sorted(series_of(answer), key=lambda s: float(s["labels"]["le"]))
    times = [t for t, _ in buckets[-1]["points"]]
    below, grid = {}, []
    for s in buckets:
        counts = dict(map(tuple, s["points"]))
        grid.append([max(0, counts.get(t, 0) - below.get(t, 0)) for t in times])
        below = counts
    step = times[1] - times[0]
    edges = [t - step / 2 for t in times] + [times[-1] + step / 2]
    axes.pcolormesh(edges, range(len(buckets) + 1), grid, cmap="inferno", shading="flat")
    axes.set_yticks([i + 1 for i in range(len(buckets) - 1)])
    axes.set_yticklabels([number(float(s["labels"]["le"]), "percentunit") for s in buckets[:-1]])
    axes.grid(False)


def timeline(page, panel, answer, room, span):
    axes = plot(page, room, span, "none", bottom=26)
    defaults = panel["fieldConfig"]["defaults"]
    found = list(series_of(answer))
    for i, s in enumerate(found):
        points = s["points"] + [[span[1], s["points"][-1][1]]]
        for (t, v), (end, _) in zip(points, points[1:]):
            axes.barh(i, end - t, left=t, height=0.7, color=color_of(v, defaults["thresholds"]["steps"]), linewidth=0)
    axes.set_yticks(range(len(found)))
    axes.set_yticklabels([s["name"].split(":")[0] for s in found])
    axes.set_ylim(-0.8, len(found) - 0.2)
    axes.grid(False)


def stat(page, panel, answer, room, span):
    x, y, w, h = room
    defaults = panel["fieldConfig"]["defaults"]
    known = {k: m["text"] for mapping in defaults.get("mappings", []) for k, m in mapping["options"].items()}
    shown = [(s["name"], s["points"][-1][1]) for s in series_of(answer)]
    filled = panel["options"]["colorMode"] == "background"
    if filled and shown:
        axes = page.box(x + 4, y, w - 8, h - 5, facecolor=color_of(shown[0][1], defaults["thresholds"]["steps"]), xticks=[], yticks=[])
        for spine in axes.spines.values():
            spine.set_visible(False)
    for i, (name, value) in enumerate(shown):
        at = y + h * (i + 0.5) / len(shown)
        text = known.get(f"{value:g}") or number(round(value) if defaults.get("decimals") == 0 and abs(value) > 2 else value, defaults["unit"])
        size = 20 if len(shown) == 1 else 14
        page.text(x + w / 2, at, text, color="white" if filled else TEXT, fontsize=size, ha="center", va="center")
        if name:
            page.text(x + w / 2, at + 15, name, color=FAINT, fontsize=7, ha="center", va="center")


DRAW = {"timeseries": timeseries, "heatmap": heatmap, "state-timeline": timeline, "stat": stat}


def main(answers_path, picture):
    here = os.path.dirname(os.path.abspath(__file__))
    with open(os.path.join(here, "grafana-dashboard.json"), encoding="utf-8") as f:
        dashboard = json.load(f)
    with open(answers_path, encoding="utf-8") as f:
        answers = json.load(f)
    by_id = {a["id"]: a for a in answers["panels"]}
    span = answers["from"], answers["to"]
    page = Page(max(p["gridPos"]["y"] + p["gridPos"]["h"] for p in dashboard["panels"]))
    page.text(12, 24, dashboard["title"], color=TEXT, fontsize=13, va="center", weight="bold")
    when = [datetime.datetime.fromtimestamp(t, datetime.timezone.utc).strftime("%H:%M:%S") for t in span]
    page.text(WIDTH - 12, 24, f"{when[0]} to {when[1]} UTC", color=FAINT, fontsize=9, va="center", ha="right")
    for panel in dashboard["panels"]:
        room = page.frame(panel)
        if room:
            DRAW[panel["type"]](page, panel, by_id[panel["id"]], room, span)
    page.text(12, page.height - 13, "Drawn by resources/monitoring/draw.py from grafana-dashboard.json and the answers of a Prometheus that scraped a real run. "
              "Not a screenshot of Grafana.", color=FAINT, fontsize=8, va="center")
    page.figure.savefig(picture, facecolor=BACKGROUND)
    Image.open(picture).convert("RGB").quantize(96).save(picture, optimize=True)


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(sys.argv[1], sys.argv[2])
