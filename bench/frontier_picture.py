#!/usr/bin/env python3
"""Draws what a budget costs: time against memory, from the figures of the workloads back/frontier.

    sqs_bench --filter back/frontier/ --repeats 5 --csv bench/frontier.csv
    python3 bench/frontier_picture.py bench/frontier.csv bench/frontier.svg

One panel per workload: measured CPU time as points, the plan's prediction as a line, both axes logarithmic, and at every point the
evaluations per row of the stream. Needs nothing but Python.
"""
import csv
import math
import sys
from xml.sax.saxutils import escape

PANELS = [
    ("back/frontier/zero_phase", "Zero-phase filter", "9.6 million rows, 8 bytes each between the scans", 9_600_000),
    ("back/frontier/viterbi", "Viterbi path of 360 states", "100 000 rows, 362 bytes each between the scans", 100_000),
]
WIDTH, HEIGHT = 960, 470
TOP, BOTTOM = 112, 378          # of a panel's plot
LEFTS, PANEL_WIDTH = [76, 560], 364
INK, MUTED, GRID = "#1f2933", "#66727f", "#e3e7eb"
MEASURED, PREDICTED = "#c2410c", "#2563a8"
FONT = "font-family=\"'Helvetica Neue', Helvetica, Arial, 'DejaVu Sans', sans-serif\""


class Point:
    def __init__(self, row):
        self.budget = int(row["budget_bytes"])
        self.seconds = float(row["cpu_seconds"])
        self.predicted = float(row["predicted_seconds"])
        self.rows = int(row["rows"])


class LogAxis:
    """Maps values to places; begins and ends a little outside the values."""

    def __init__(self, values, start, end, margin):
        low, high = math.log(min(values)), math.log(max(values))
        self.low, self.high = low - margin * (high - low), high + margin * (high - low)
        self.start, self.end = start, end

    def at(self, value):
        share = (math.log(value) - self.low) / (self.high - self.low)
        return self.start + share * (self.end - self.start)

    def shows(self, value):
        return self.low <= math.log(value) <= self.high


def read(path):
    points = {}
    with open(path, newline="") as file:
        for row in csv.DictReader(file):
            if row["mode"] != "refused":
                points.setdefault(row["workload"], []).append(Point(row))
    for name, *_ in PANELS:
        if name not in points:
            sys.exit(f"{path} has no figures of {name}: run sqs_bench --filter back/frontier/ --csv {path}")
    return {name: sorted(of, key=lambda p: p.budget) for name, of in points.items()}


def bytes_label(value):
    return f"{value >> 20} MiB" if value >= 1 << 20 else f"{value >> 10} KiB"


def seconds_label(value):
    return f"{value:g} s" if value >= 1 else f"{value * 1000:g} ms"


def text(x, y, content, size=12, colour=INK, anchor="start", weight="normal", halo=False):
    outline = ' stroke="#ffffff" stroke-width="4" stroke-linejoin="round" paint-order="stroke"' if halo else ""
    return (f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" fill="{colour}" text-anchor="{anchor}" '
            f'font-weight="{weight}"{outline}>{escape(content)}</text>')


def line(x0, y0, x1, y1, colour, width=1.0):
    return f'<line x1="{x0:.1f}" y1="{y0:.1f}" x2="{x1:.1f}" y2="{y1:.1f}" stroke="{colour}" stroke-width="{width}"/>'


def panel(points, title, subtitle, stream_rows, left):
    right = left + PANEL_WIDTH
    xs = LogAxis([p.budget for p in points], left, right, 0.05)
    times = [p.seconds for p in points] + [p.predicted for p in points if p.predicted > 0]
    ys = LogAxis(times, BOTTOM, TOP, 0.12)
    out = [text(left, 76, title, 15, weight="600"), text(left, 95, subtitle, 12, MUTED)]
    for power in range(0, 40, 2):
        if xs.shows(1 << power):
            x = xs.at(1 << power)
            out += [line(x, TOP, x, BOTTOM, GRID), text(x, BOTTOM + 18, bytes_label(1 << power), 11, MUTED, "middle")]
    digits = (1, 2, 5) if max(times) > 15 * min(times) else (1, 1.5, 2, 3, 4, 5, 7)
    for exponent in range(-4, 4):
        for digit in digits:
            value = digit * 10.0 ** exponent
            if ys.shows(value):
                y = ys.at(value)
                out += [line(left, y, right, y, GRID), text(left - 8, y + 4, seconds_label(value), 11, MUTED, "end")]
    out.append(line(left, BOTTOM, right, BOTTOM, MUTED))
    path = " ".join(f"{xs.at(p.budget):.1f},{ys.at(p.predicted):.1f}" for p in points if p.predicted > 0)
    out.append(f'<polyline points="{path}" fill="none" stroke="{PREDICTED}" stroke-width="2" stroke-linejoin="round"/>')
    for p in points:
        x, y = xs.at(p.budget), ys.at(p.seconds)
        above = p.predicted <= 0 or p.seconds >= p.predicted
        out.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4.5" fill="{MEASURED}" stroke="#ffffff" stroke-width="1.5"/>')
        label = f"{p.rows / stream_rows:.2f}"
        out.append(text(x, y - 11, label, 10.5, MUTED, "middle", halo=True) if above
                   else text(x - 2, y + 21, label, 10.5, MUTED, "end", halo=True))
    out.append(text((left + right) / 2, BOTTOM + 40, "memory budget", 12, INK, "middle"))
    return out


def picture(points):
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}" {FONT}>',
           f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#ffffff"/>',
           text(LEFTS[0], 36, "Looking back: what memory is worth", 19, weight="600")]
    x, y = 560, 31
    out += [f'<circle cx="{x}" cy="{y}" r="4.5" fill="{MEASURED}"/>', text(x + 11, y + 4, "measured CPU time", 12),
            line(x + 146, y, x + 172, y, PREDICTED, 2), text(x + 180, y + 4, "predicted by the plan", 12)]
    for (name, title, subtitle, rows), left in zip(PANELS, LEFTS):
        out += panel(points[name], title, subtitle, rows, left)
    out.append(text(WIDTH / 2, HEIGHT - 16, "Numbers at the points: rows evaluated, both scans together, per row of the stream. "
                    "Both axes are logarithmic.", 11.5, MUTED, "middle"))
    out.append("</svg>")
    return "\n".join(out) + "\n"


def main():
    if len(sys.argv) != 3:
        sys.exit("usage: frontier_picture.py FIGURES.csv PICTURE.svg")
    with open(sys.argv[2], "w") as file:
        file.write(picture(read(sys.argv[1])))


if __name__ == "__main__":
    main()
