// Lines and stacked areas over time.
"use strict";

const TimeSeries = (() => {
  const { add, canvas, describe } = Elements;
  // Few points are shown as points too: a single datapoint must be seen.
  const MOST_DOTS = 60;

  // Returns how many points it drew.
  function draw(host, widget, shown, range, onHover) {
    const { root, width, height } = canvas(host, describe(widget));
    const layers = Layers.of(widget, shown);
    const count = Math.max(2, Math.min(5, Math.floor((height - 40) / 34)));
    const left = Axes.side(widget, "left", layers, count), right = Axes.side(widget, "right", layers, count);
    const box = { left: left?.gutter ?? 8, right: width - (right?.gutter ?? 18), top: left?.label || right?.label ? 24 : 8, bottom: height - 20, width };
    const x = d3.scaleUtc([range.start, range.end], [box.left, box.right]);
    for (const axis of [left, right]) axis?.scale.range([box.bottom, box.top]);
    const axes = { left, right };

    if (left) Axes.vertical(root, left, "left", box, true);
    if (right) Axes.vertical(root, right, "right", box, !left);
    Axes.overTime(root, x, box);
    const plot = clipped(root, host, box);
    Annotations.horizontal(plot, widget, axes, box, layers, x);
    const beside = sideways(widget, x);
    for (const layer of layers) series(plot, widget, layer, x, axes[layer.series.axis].y, beside);
    Annotations.vertical(root, plot, widget, x, box);
    Annotations.horizontalLabels(root, widget, axes, box, layers, x);
    Hover.attach(root, layers, axes, x, box, onHover);
    return layers.reduce((sum, layer) => sum + layer.points.filter((point) => point.real).length, 0);
  }

  function clipped(root, host, box) {
    const id = `clip-${host.closest(".widget").id}`;
    add(add(root, "clipPath", { id }), "rect", { x: box.left - 4, y: box.top - 5, width: Math.max(box.right - box.left + 8, 1), height: Math.max(box.bottom - box.top + 10, 1) });
    return add(root, "g", { "clip-path": `url(#${id})` });
  }

  function series(plot, widget, { series, runs }, x, y, beside) {
    if (widget.bars) { columns(plot, widget, series, runs, x, y); return; }
    const line = d3.line((point) => x(point.at), (point) => y(point.top));
    const area = d3.area((point) => x(point.at), (point) => y(point.bottom), (point) => y(point.top));
    // One path for all runs: they are apart, and it stays one series to the legend and to a reader.
    const long = runs.filter((run) => run.length > 1);
    if (widget.stacked && long.length) add(plot, "path", { d: long.map(area).join(""), fill: series.tint, "fill-opacity": 0.3 });
    if (long.length) add(plot, "path", { d: long.map(line).join(""), fill: "none", stroke: series.tint, "stroke-width": 2, "stroke-linejoin": "round" });
    for (const run of runs) {
      const alone = run.length === 1;
      if (run.length > MOST_DOTS) continue;
      for (const point of run.filter(({ real }) => real)) {
        if (alone && widget.stacked && point.top !== point.bottom) {
          add(plot, "line", { x1: x(point.at), x2: x(point.at), y1: y(point.bottom), y2: y(point.top), stroke: series.tint, "stroke-width": 6 });
        }
        add(plot, "circle", { cx: x(point.at) + (alone ? beside(point.at, y(point.top)) : 0), cy: y(point.top), r: alone ? 3.5 : 2.5, fill: series.tint });
      }
    }
  }

  // A column for each value, as wide as its period but for a pixel at each side.
  function columns(plot, widget, series, runs, x, y) {
    for (const point of runs.flat().filter(({ real }) => real)) {
      const from = x(point.at) + 1, to = x(point.at + widget.period * 1000) - 1;
      add(plot, "rect", { class: "column", x: from, width: Math.max(to - from, 1), y: y(Math.max(point.top, point.bottom)), height: Math.abs(y(point.bottom) - y(point.top)), fill: series.tint });
    }
  }

  // Lone points of one value and period stand side by side, within the width of their period.
  function sideways(widget, x) {
    const taken = new Map();
    return (at, y) => {
      const place = `${at} ${Math.round(y)}`, before = taken.get(place) ?? 0;
      taken.set(place, before + 1);
      return Math.min(before * 9, Math.max(x(at + widget.period * 1000) - x(at), 0));
    };
  }

  return { draw };
})();
