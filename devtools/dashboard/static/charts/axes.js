// Scales and axes, the way CloudWatch chooses their ends.
"use strict";

const Axes = (() => {
  const { add, textWidth } = Elements;
  const FAR = 1e6;

  // An end that the widget pins stays where it is. Zero is in view, but where a widget of lines
  // describes its axis and leaves the lower end to the values.
  function linear(values, count, { min = null, max = null } = {}, whole = false, zero = true) {
    const ends = zero || !values.length ? [0, ...values] : values;
    const low = Math.min(...ends), high = Math.max(...ends);
    const scale = d3.scaleLinear([min ?? low, max ?? (high > low ? high : low + 1)], [0, 1]).nice(count);
    const [first, last] = [min ?? scale.domain()[0], max ?? scale.domain()[1]];
    scale.domain([first, last > first ? last : first + 1]);
    // Things counted one by one have no halves.
    const ticks = scale.ticks(count).filter((tick) => !whole || Number.isInteger(tick));
    return { scale, ticks };
  }

  // One side of a chart over time; null when nothing is read on it.
  function side(widget, name, layers, count) {
    const on = layers.filter((layer) => layer.series.axis === name).flatMap((layer) => layer.points);
    const values = on.flatMap((point) => (widget.stacked ? [point.top, point.bottom] : [point.top]));
    const lines = widget.lines.filter((line) => line.axis === name).flatMap((line) => [line.value, line.upper ?? line.value]);
    if (!values.length && !lines.length) return null;
    const options = widget.axes[name] ?? {};
    const whole = options.max == null && [...values, ...lines].every(Number.isInteger);
    // Above the highest line there is room for its label.
    const highest = Math.max(...lines);
    const room = highest > 0 && highest >= Math.max(...values) ? [highest * 1.12] : [];
    const unit = layers.find((layer) => layer.series.axis === name && layer.series.unit)?.series.unit ?? "";
    const shownUnit = options.showUnits === false ? "" : unit;
    const zero = widget.stacked || widget.bars || !(name in widget.axes);
    const axis = { ...linear([...values, ...lines, ...room], count, options, whole, zero), unit, label: options.label ?? "" };
    axis.format = (tick) => Format.value(tick, shownUnit);
    // Values far outside a pinned axis are further out than a path's numbers may be.
    axis.y = (value) => Math.max(-FAR, Math.min(FAR, axis.scale(value)));
    axis.gutter = Math.max(...axis.ticks.map((tick) => textWidth(axis.format(tick))), 14) + 8;
    return axis;
  }

  function vertical(root, axis, name, box, grid) {
    const draw = (name === "left" ? d3.axisLeft : d3.axisRight)(axis.scale).tickValues(axis.ticks).tickFormat(axis.format)
      .tickSizeInner(grid ? box.left - box.right : 0).tickPadding(5);
    add(root, "g", { class: "y axis", transform: `translate(${box[name]} 0)` }).call(draw).select(".domain").remove();
    if (axis.label) add(root, "text", { y: 11, x: name === "left" ? 2 : box.width - 2, "text-anchor": name === "left" ? "start" : "end" }, axis.label);
  }

  function overTime(root, x, box) {
    const [start, end] = x.domain();
    const draw = d3.axisBottom(x).ticks(Math.max(2, Math.floor((box.right - box.left) / 70))).tickFormat((at) => Format.tick(at, end - start)).tickSizeInner(4).tickPadding(5);
    add(root, "line", { class: "baseline", x1: box.left, x2: box.right, y1: box.bottom, y2: box.bottom });
    add(root, "g", { class: "x axis", transform: `translate(0 ${box.bottom})` }).call(draw).select(".domain").remove();
  }

  return { linear, side, vertical, overTime };
})();
