// Horizontal and vertical annotations: lines, what is shaded beside or between them, and labels.
"use strict";

const Annotations = (() => {
  const { add, textWidth, fitted, tag } = Elements;

  function area(plot, x1, x2, y1, y2, color) {
    add(plot, "rect", { x: x1, width: Math.max(x2 - x1, 0), y: Math.min(y1, y2), height: Math.abs(y2 - y1), fill: color, "fill-opacity": 0.1 });
  }

  function rule(plot, x1, x2, y1, y2, color, dashes) {
    add(plot, "line", { x1, x2, y1, y2, stroke: color, "stroke-width": 1.5, "stroke-dasharray": dashes });
  }

  // Where a side has values: what is beyond a threshold is shaded there only, so that a time in
  // which nothing happened does not look like one in alarm.
  function spans(layers, side, x, box) {
    const found = [];
    const periods = layers.filter(({ series }) => series.axis === side)
      .flatMap(({ series, points }) => points.filter(({ real }) => real).map(({ at }) => [at, at + series.period * 1000]))
      .sort((one, other) => one[0] - other[0]);
    for (const [from, to] of periods) {
      const last = found.at(-1);
      if (last && from <= last[1]) last[1] = Math.max(last[1], to);
      else found.push([from, to]);
    }
    return found.map(([from, to]) => [Math.max(x(from), box.left), Math.min(x(to), box.right)]);
  }

  function horizontal(plot, widget, axes, box, layers, x) {
    for (const line of widget.lines) {
      const axis = axes[line.axis];
      if (!axis) continue;
      const color = Colors.ofLine(line.color, "var(--threshold)");
      const at = axis.y(line.value), upper = line.upper === null ? null : axis.y(line.upper);
      if (upper !== null) area(plot, box.left, box.right, at, upper, color);
      else if (line.fill === "above" || line.fill === "below") {
        const beyond = line.fill === "above" ? box.top : box.bottom;
        for (const [from, to] of spans(layers, line.axis, x, box)) area(plot, from, to, at, beyond, color);
      }
      for (const y of upper === null ? [at] : [at, upper]) rule(plot, box.left, box.right, y, y, color, "5 3");
    }
  }

  // Whether a line of the chart goes through a label's place.
  function hides(layers, axes, x, from, to, y) {
    const within = (at, value, scale) => at >= from && at <= to && Math.abs(scale(value) - (y - 4)) < 10;
    return layers.some(({ series, runs }) => runs.some((run) => run.some((point, index) => {
      const scale = axes[series.axis].y, before = run[index - 1] ?? point;
      return d3.range(0, 1.01, 0.05).some((part) => within(x(before.at + part * (point.at - before.at)), before.top + part * (point.top - before.top), scale));
    })));
  }

  // At the end of its line, but where that hides what is drawn there and the beginning does not.
  function horizontalLabels(root, widget, axes, box, layers, x) {
    const taken = [];
    const crowded = (y) => taken.some((other) => Math.abs(other - y) < 12);
    for (const line of widget.lines) {
      const axis = axes[line.axis];
      if (!axis) continue;
      let y = axis.y(line.value) - 4;
      if (y < box.top + 9) y += 17;
      // Labels of lines close to each other stand above one another.
      while (crowded(y)) y -= 12;
      if (y < box.top + 8) for (y = box.top + 10; crowded(y); y += 12);
      taken.push(y);
      const label = fitted(line.label || Format.value(line.value, axis.unit), box.right - box.left - 8);
      const width = textWidth(label), color = Colors.ofText(line.color, "var(--threshold)");
      const hidden = (from) => hides(layers, axes, x, from, from + width, y);
      if (hidden(box.right - 4 - width) && !hidden(box.left + 4)) tag(root, label, box.left + 4, y, "start", color);
      else tag(root, label, box.right - 4, y, "end", color);
    }
  }

  function vertical(root, plot, widget, x, box) {
    let lastEnd = -Infinity, level = 0;
    for (const mark of [...widget.marks].sort((a, b) => a.at - b.at)) {
      const at = x(mark.at), end = mark.end === null ? null : x(mark.end);
      if ((end ?? at) < box.left || at > box.right) continue;
      const color = Colors.ofLine(mark.color, "var(--deploy)");
      if (end !== null) area(plot, at, end, box.top, box.bottom, color);
      else if (mark.fill === "before") area(plot, box.left, at, box.top, box.bottom, color);
      else if (mark.fill === "after") area(plot, at, box.right, box.top, box.bottom, color);
      for (const edge of end === null ? [at] : [at, end]) rule(plot, edge, edge, box.top, box.bottom, color, "2 2");
      if (!mark.label) continue;
      const width = textWidth(mark.label);
      const fits = at + 4 + width <= box.right;
      const from = fits ? at + 4 : at - 4 - width;
      level = from < lastEnd + 4 ? (level + 1) % 3 : 0;
      lastEnd = from + width;
      tag(root, mark.label, fits ? at + 4 : at - 4, box.top + 10 + level * 13, fits ? "start" : "end", Colors.ofText(mark.color, "var(--deploy)"));
    }
  }

  return { horizontal, horizontalLabels, vertical };
})();
