// One value per series: bars, a ring of shares, a gauge. Each returns how many it drew.
"use strict";

const Shares = (() => {
  const { add, canvas, describe, textWidth, fitted, tag } = Elements;
  const withValue = (shown) => shown.filter((series) => series.latest !== null);
  const centred = (into, x, y, text) => add(into, "text", { x, y, "text-anchor": "middle" }, text);
  const number = (into, x, y, text, size) => centred(into, x, y, text).attr("class", "strong").style("font-size", `${size}px`).style("font-weight", 600);

  function bar(host, widget, shown) {
    const { root, width, height } = canvas(host, describe(widget));
    const bars = withValue(shown);
    if (!bars.length) return 0;
    const value = (series) => Format.value(series.latest, series.unit);
    const names = Math.min(width * 0.38, Math.max(...bars.map((series) => textWidth(series.label))) + 10);
    const values = Math.max(...bars.map((series) => textWidth(value(series)))) + 10;
    const box = { left: names, right: Math.max(width - values, names + 20), top: 4, bottom: height - 18 };
    const unit = bars.find((series) => series.unit)?.unit ?? "";
    const lines = widget.lines.filter((line) => line.axis === "left");
    const count = Math.max(2, Math.floor((box.right - box.left) / 110));
    const { scale: x, ticks } = Axes.linear([...bars.map((series) => series.latest), ...lines.map((line) => line.value)], count, widget.axes.left);
    x.range([box.left, box.right]).clamp(true);
    const y = d3.scaleBand(d3.range(bars.length), [box.top, box.bottom]);
    const thick = Math.min(y.bandwidth() * 0.7, 34);

    const axis = d3.axisBottom(x).tickValues(ticks).tickFormat((tick) => Format.value(tick, unit)).tickSizeInner(box.top - box.bottom).tickPadding(4);
    add(root, "g", { class: "y axis", transform: `translate(0 ${box.bottom})` }).call(axis).select(".domain").remove();
    bars.forEach((series, index) => {
      const middle = y(index) + y.bandwidth() / 2;
      const [from, to] = [x(0), x(series.latest)].sort(d3.ascending);
      add(root, "rect", { x: from, width: Math.max(to - from, 1), y: middle - thick / 2, height: thick, rx: 2, fill: series.tint });
      const name = add(root, "text", { class: "strong", x: names - 6, y: middle + 4, "text-anchor": "end" }, fitted(series.label, names - 8));
      add(name, "title", {}, series.label);
      add(root, "text", { class: "strong", x: to + 5, y: middle + 4 }, value(series));
    });
    for (const line of lines) {
      const at = x(line.value);
      add(root, "line", { x1: at, x2: at, y1: box.top, y2: box.bottom, stroke: Colors.ofLine(line.color, "var(--threshold)"), "stroke-dasharray": "5 3" });
      const before = at - box.left > textWidth(line.label) + 8;
      if (line.label) tag(root, line.label, at + (before ? -4 : 4), box.top + 8, before ? "end" : "start", Colors.ofText(line.color, "var(--threshold)"));
    }
    return bars.length;
  }

  function pie(host, widget, shown) {
    const { root, width, height } = canvas(host, describe(widget));
    const slices = withValue(shown).filter((series) => series.latest > 0);
    const total = d3.sum(slices, (series) => series.latest);
    const outer = Math.max(Math.min(width, height) / 2 - 6, 10), inner = outer * 0.58;
    const arc = d3.arc().innerRadius(inner).outerRadius(outer);
    const ring = add(root, "g", { transform: `translate(${width / 2} ${height / 2})` });
    if (!total) {
      // Everything is nought: said by a ring without slices and the number in its middle.
      add(ring, "path", { d: arc({ startAngle: 0, endAngle: 2 * Math.PI }), fill: "var(--grid)" });
      centred(ring, 0, 5, "0").attr("class", "strong");
      return withValue(shown).length ? 1 : 0;
    }
    for (const slice of d3.pie().sort(null).value((series) => series.latest)(slices)) {
      const series = slice.data;
      const path = add(ring, "path", { d: arc(slice), fill: series.tint, stroke: "var(--card)", "stroke-width": 1.5 });
      add(path, "title", {}, `${series.label}: ${Format.value(series.latest, series.unit)} (${Format.percent(series.latest / total)})`);
    }
    number(ring, 0, 5, Format.value(total, slices[0].unit), Math.max(11, Math.min(inner * 0.45, 22)));
    return slices.length;
  }

  function gauge(host, widget, shown) {
    host.replaceChildren();
    const [series] = withValue(shown);
    if (!series) return 0;
    const { root, width, height } = canvas(host, describe(widget));
    const low = widget.axes.left?.min ?? 0, high = widget.axes.left?.max ?? Math.max(series.latest, low + 1);
    const radius = Math.max(Math.min(width / 2 - 30, height - 34), 20), thick = Math.max(radius * 0.2, 8);
    const turn = d3.scaleLinear([low, high], [-Math.PI / 2, Math.PI / 2]).clamp(true);
    const dial = add(root, "g", { transform: `translate(${width / 2} ${Math.min(height - 20, height / 2 + radius / 2 + 4)})` });
    const sector = (from, to, inner, outer, color) => add(dial, "path", { fill: color, d: d3.arc()({ startAngle: turn(from), endAngle: turn(to), innerRadius: inner, outerRadius: outer }) });
    const notch = (value, color, wide) => {
      const [x1, y1] = d3.pointRadial(turn(value), radius - thick), [x2, y2] = d3.pointRadial(turn(value), radius + 5);
      add(dial, "line", { x1, y1, x2, y2, stroke: color, "stroke-width": wide });
    };

    sector(low, high, radius - thick, radius, "var(--grid)");
    let tint = series.tint;
    for (const line of widget.lines) {
      const from = line.upper === null && line.fill === "below" ? low : line.value;
      const to = line.upper ?? (line.fill === "above" ? high : line.value);
      const color = Colors.ofLine(line.color, "var(--threshold)");
      if (to > from) sector(from, to, radius + 1, radius + 5, color);
      else notch(line.value, color, 2);
      if (to > from && series.latest >= from && series.latest <= to) tint = color;
    }
    if (series.latest > low) sector(low, series.latest, radius - thick, radius, tint);
    else notch(low, tint, 3);
    number(dial, 0, -4, Format.value(series.latest, series.unit), Math.max(14, Math.min(radius * 0.36, 34)));
    centred(dial, 0, 14, fitted(series.label, 2 * radius - 70));
    centred(dial, thick / 2 - radius, 14, Format.value(low, series.unit));
    centred(dial, radius - thick / 2, 14, Format.value(high, series.unit));
    return 1;
  }

  return { bar, pie, gauge };
})();
