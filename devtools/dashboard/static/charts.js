// Charts as SVG. Everything that came from a dashboard or a metric is set as text or as a number,
// never as markup. Each function draws into a host element and returns how many marks it drew.
"use strict";

const Charts = (() => {
  const SVG = "http://www.w3.org/2000/svg";
  const MINUTE = 60_000, HOUR = 60 * MINUTE, DAY = 24 * HOUR;
  const PALETTE = {
    light: ["#0b62bd", "#c2500a", "#1a7f37", "#8250df", "#b92b7f", "#0d7a86", "#8f6500", "#5b6673", "#b42318", "#4656c7"],
    dark: ["#6cb6ff", "#f69d50", "#6bc46d", "#c297ff", "#ff80c8", "#4ac8d4", "#daaa3f", "#adbac7", "#ff7b72", "#96a4ff"],
  };

  // --- Elements -------------------------------------------------------------------------------

  function svg(name, attributes = {}, text) {
    const element = document.createElementNS(SVG, name);
    for (const [key, value] of Object.entries(attributes)) {
      if (value !== null && value !== undefined) element.setAttribute(key, value);
    }
    if (text !== undefined) element.textContent = text;
    return element;
  }

  function html(name, attributes = {}, ...children) {
    const element = document.createElement(name);
    for (const [key, value] of Object.entries(attributes)) {
      if (value !== null && value !== undefined) element.setAttribute(key, value);
    }
    element.append(...children);
    return element;
  }

  function canvas(host, label) {
    const width = Math.max(host.clientWidth, 40), height = Math.max(host.clientHeight, 30);
    const root = svg("svg", { width, height, viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": label });
    host.append(root);
    return { root, width, height };
  }

  const FONT = 'system-ui, "Segoe UI", "DejaVu Sans", "Liberation Sans", sans-serif';
  const ruler = document.createElement("canvas").getContext("2d");

  function textWidth(text, font = "11px") {
    ruler.font = `${font} ${FONT}`;
    return ruler.measureText(text).width;
  }

  // As much of a text as fits, with an ellipsis for the rest.
  function fitted(text, room) {
    if (textWidth(text) <= room) return text;
    let length = text.length;
    while (length > 1 && textWidth(`${text.slice(0, length)}…`) > room) length -= 1;
    return `${text.slice(0, length)}…`;
  }

  // A label over lines: on a patch of the card's colour, so that nothing strikes it through.
  function tag(into, text, x, y, anchor, color) {
    const wide = textWidth(text);
    const left = anchor === "end" ? x - wide : x;
    into.append(svg("rect", { class: "backing", x: left - 2, y: y - 10, width: wide + 4, height: 13, rx: 2 }));
    const element = svg("text", { x, y, "text-anchor": anchor }, text);
    element.style.fill = color;
    into.append(element);
  }

  // --- Colours --------------------------------------------------------------------------------

  const theme = () => (document.documentElement.dataset.theme === "dark" ? "dark" : "light");

  function rgb(hex) {
    const digits = hex.length === 4 ? [...hex.slice(1)].map((digit) => digit + digit).join("") : hex.slice(1);
    return [0, 2, 4].map((at) => parseInt(digits.slice(at, at + 2), 16));
  }

  function luminance(color) {
    const [r, g, b] = color.map((part) => {
      const share = part / 255;
      return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  }

  // A colour chosen for one background is moved towards the ink until it stands out on ours: 3:1
  // is enough for lines, texts take 4.5:1.
  function readable(hex, least = 3) {
    const dark = theme() === "dark";
    const back = luminance(dark ? [23, 30, 39] : [255, 255, 255]);
    const ink = dark ? 255 : 0;
    let color = rgb(hex);
    for (let step = 0; step < 20; step += 1) {
      const own = luminance(color);
      if ((Math.max(own, back) + 0.05) / (Math.min(own, back) + 0.05) >= least) break;
      color = color.map((part) => Math.round(part + (ink - part) * 0.12));
    }
    return `rgb(${color.join(" ")})`;
  }

  function colorOf(series, index) {
    return series.color ? readable(series.color) : PALETTE[theme()][index % 10];
  }

  // --- Numbers and times ----------------------------------------------------------------------

  function compact(value, digits = 3) {
    const size = Math.abs(value);
    if (size === 0) return "0";
    if (size < 0.001) return value.toExponential(1);
    for (const [limit, suffix] of [[1e12, "T"], [1e9, "G"], [1e6, "M"], [1e4, "k"]]) {
      if (size >= limit) return plain(value / (limit === 1e4 ? 1e3 : limit), digits) + suffix;
    }
    return plain(value, size >= 1000 ? 4 : digits);
  }

  // Rounded to so many digits, but whole numbers stay whole.
  function plain(value, digits) {
    const rounded = Number(value.toPrecision(digits));
    return rounded.toLocaleString("en-US", { maximumFractionDigits: 6, useGrouping: false });
  }

  const TO_MS = { Microseconds: 0.001, Milliseconds: 1, Seconds: 1000 };
  const BYTES = { Bytes: 1, Kilobytes: 1e3, Megabytes: 1e6, Gigabytes: 1e9 };

  function format(value, unit, full = false) {
    if (value === null || value === undefined || !Number.isFinite(value)) return "–";
    const per = unit && unit.endsWith("/Second") ? "/s" : "";
    const base = per ? unit.slice(0, -"/Second".length) : unit;
    if (full) return `${value.toLocaleString("en-US", { maximumFractionDigits: 6 })}${base && base !== "None" && base !== "Count" ? ` ${base}` : ""}${per}`;
    if (base in TO_MS) return duration(value * TO_MS[base]) + per;
    if (base in BYTES) return compact(value * BYTES[base]) + (per ? "B/s" : "B");
    if (base === "Percent") return `${compact(value)}%`;
    return compact(value) + per;
  }

  function duration(ms) {
    const size = Math.abs(ms);
    if (size === 0) return "0 ms";
    if (size < 1) return `${plain(ms * 1000, 3)} µs`;
    if (size < 1000) return `${plain(ms, 3)} ms`;
    if (size < 120_000) return `${plain(ms / 1000, 3)} s`;
    if (size < 2 * HOUR) return `${plain(ms / MINUTE, 3)} min`;
    return `${plain(ms / HOUR, 3)} h`;
  }

  // Ticks at round values: 1, 2, 2.5 or 5 times a power of ten.
  function niceStep(span, count) {
    const rough = span / Math.max(count, 1);
    const power = 10 ** Math.floor(Math.log10(rough));
    return power * ([1, 2, 2.5, 5, 10].find((factor) => rough <= factor * power * 1.0000001) ?? 10);
  }

  function scale(low, high, count, pinnedLow, pinnedHigh, least = 0) {
    if (low === high) [low, high] = low === 0 ? [0, 1] : [Math.min(0, low), Math.max(0, high)];
    const step = Math.max(niceStep(high - low, count), least);
    const first = pinnedLow ?? Math.floor(low / step + 1e-9) * step;
    const last = pinnedHigh ?? Math.ceil(high / step - 1e-9) * step;
    const ticks = [];
    for (let at = Math.ceil(first / step - 1e-9) * step; at <= last + step * 1e-6; at += step) ticks.push(Number(at.toPrecision(12)));
    return { low: first, high: last > first ? last : first + step, ticks };
  }

  const STEPS = [MINUTE, 2 * MINUTE, 5 * MINUTE, 10 * MINUTE, 15 * MINUTE, 30 * MINUTE, HOUR, 2 * HOUR, 3 * HOUR, 6 * HOUR, 12 * HOUR, DAY, 2 * DAY, 7 * DAY];
  const two = (number) => String(number).padStart(2, "0");
  const clock = (ms) => { const at = new Date(ms); return `${two(at.getUTCHours())}:${two(at.getUTCMinutes())}`; };
  const day = (ms) => { const at = new Date(ms); return `${two(at.getUTCMonth() + 1)}/${two(at.getUTCDate())}`; };
  const moment = (ms) => new Date(ms).toISOString().slice(0, 19).replace("T", " ") + " UTC";

  function timeTicks(start, end, count) {
    const step = STEPS.find((candidate) => (end - start) / candidate <= count) ?? Math.ceil((end - start) / count / DAY) * DAY;
    const ticks = [];
    for (let at = Math.ceil(start / step) * step; at <= end; at += step) ticks.push(at);
    return ticks.map((at) => ({ at, label: step >= DAY || (at % DAY === 0 && end - start > DAY) ? day(at) : clock(at) }));
  }

  // --- A line chart ---------------------------------------------------------------------------

  function domain(widget, axis, shown, count) {
    const options = widget.axes[axis] ?? {};
    const values = [];
    for (const series of shown) {
      if (series.axis !== axis) continue;
      for (const point of series.drawn) values.push(point[1], point[2] ?? 0);
    }
    for (const line of widget.lines) {
      if (line.axis === axis) values.push(line.value, ...(line.upper === null ? [] : [line.upper]));
    }
    if (!values.length) return null;
    // Zero is always in view, and above the highest line there is room for its label.
    const highest = Math.max(...widget.lines.filter((line) => line.axis === axis).map((line) => line.upper ?? line.value));
    let low = Math.min(...values), high = Math.max(...values);
    if (low > 0) low = 0;
    if (high < 0) high = 0;
    if (highest >= high && highest > 0) high = highest * 1.12;
    // Things counted one by one have no halves.
    const least = values.every(Number.isInteger) && options.max == null ? 1 : 0;
    const unit = shown.find((series) => series.axis === axis && series.unit)?.unit ?? "";
    return { ...scale(options.min ?? low, options.max ?? high, count, options.min, options.max, least), unit, label: options.label ?? "", showUnits: options.showUnits !== false };
  }

  // [time, top, bottom] of each point; stacked series stand on the ones before them.
  function pile(widget, shown) {
    const tops = { left: new Map(), right: new Map() };
    const times = [...new Set(shown.flatMap((series) => series.points.map((point) => point[0])))].sort((a, b) => a - b);
    for (const series of shown) {
      if (!widget.stacked) { series.drawn = series.points.map(([at, value]) => [at, value, 0]); continue; }
      const own = new Map(series.points);
      series.drawn = times.map((at) => {
        const bottom = tops[series.axis].get(at) ?? 0;
        const top = bottom + (own.get(at) ?? 0);
        tops[series.axis].set(at, top);
        return [at, top, bottom];
      });
    }
  }

  // Runs of points without a gap: a missing period is a hole, not a slope.
  function runs(points, period, whole) {
    const found = [];
    for (const point of points) {
      const run = found.at(-1);
      if (run && (whole || point[0] - run.at(-1)[0] <= period * 1000 * 1.5)) run.push(point);
      else found.push([point]);
    }
    return found;
  }

  function timeSeries(host, widget, range, shown, onHover) {
    host.replaceChildren();
    const { root, width, height } = canvas(host, describe(widget));
    pile(widget, shown);
    const rowsOfTicks = Math.max(2, Math.min(6, Math.floor((height - 40) / 34)));
    const left = domain(widget, "left", shown, rowsOfTicks);
    const right = domain(widget, "right", shown, rowsOfTicks);
    const labels = (axis) => (axis ? axis.ticks.map((tick) => format(tick, axis.showUnits ? axis.unit : "")) : []);
    const gutter = (axis) => (axis ? Math.max(...labels(axis).map((label) => textWidth(label)), 14) + 8 : 8);
    const title = (axis) => axis?.label || "";
    const named = title(left) || title(right);
    const box = { left: gutter(left), top: named ? 24 : 8, right: width - (right ? gutter(right) : 16), bottom: height - 20 };
    const [start, end] = [range.start, range.end];
    const x = (at) => box.left + ((at - start) / (end - start)) * (box.right - box.left);
    const y = (axis, value) => box.bottom - ((value - axis.low) / (axis.high - axis.low)) * (box.bottom - box.top);
    const clip = `clip-${host.parentElement.parentElement.id}`;
    root.append(svg("clipPath", { id: clip }));
    root.firstChild.append(svg("rect", { x: box.left - 4, y: box.top - 5, width: Math.max(box.right - box.left + 8, 1), height: Math.max(box.bottom - box.top + 10, 1) }));

    const axes = { left, right };
    for (const [side, axis] of Object.entries(axes)) {
      if (!axis) continue;
      labels(axis).forEach((label, index) => {
        const at = y(axis, axis.ticks[index]);
        if (at < box.top - 1 || at > box.bottom + 1) return;
        if (side === "left" || !left) root.append(svg("line", { class: "gridline", x1: box.left, x2: box.right, y1: at, y2: at }));
        root.append(svg("text", side === "left" ? { x: box.left - 5, y: at + 4, "text-anchor": "end" } : { x: box.right + 5, y: at + 4 }, label));
      });
      if (axis.label) root.append(svg("text", side === "left" ? { x: 2, y: 11 } : { x: width - 2, y: 11, "text-anchor": "end" }, axis.label));
    }
    for (const tick of timeTicks(start, end, Math.max(2, Math.floor((box.right - box.left) / 64)))) {
      const at = x(tick.at), half = textWidth(tick.label) / 2;
      root.append(svg("line", { class: "axis", x1: at, x2: at, y1: box.bottom, y2: box.bottom + 4 }));
      root.append(svg("text", { x: Math.max(half, Math.min(at, width - half)), y: height - 4, "text-anchor": "middle" }, tick.label));
    }
    root.append(svg("line", { class: "axis", x1: box.left, x2: box.right, y1: box.bottom, y2: box.bottom }));

    const plot = svg("g", { "clip-path": `url(#${clip})` });
    root.append(plot);
    bands(plot, widget, axes, y, box);
    let marks = 0;
    const alone = new Map();
    // Lone points of one value and period stand side by side, within the width of their period.
    const aside = (at, top) => {
      const place = `${at} ${Math.round(top)}`, before = alone.get(place) ?? 0;
      alone.set(place, before + 1);
      return Math.min(before * 9, Math.max(x(at + widget.period * 1000) - x(at), 0));
    };
    shown.forEach((series) => {
      const axis = axes[series.axis];
      if (!axis) return;
      for (const run of runs(series.drawn, widget.period, widget.stacked)) {
        const path = run.map(([at, top]) => `${x(at).toFixed(1)},${y(axis, top).toFixed(1)}`);
        if (widget.stacked && run.length > 1) {
          const back = [...run].reverse().map(([at, , bottom]) => `${x(at).toFixed(1)},${y(axis, bottom).toFixed(1)}`);
          plot.append(svg("path", { d: `M${[...path, ...back].join("L")}Z`, fill: series.tint, "fill-opacity": 0.3 }));
        }
        if (run.length > 1) plot.append(svg("path", { d: `M${path.join("L")}`, fill: "none", stroke: series.tint, "stroke-width": 2, "stroke-linejoin": "round" }));
        else if (widget.stacked && run[0][1] !== run[0][2]) plot.append(svg("line", { x1: x(run[0][0]), x2: x(run[0][0]), y1: y(axis, run[0][2]), y2: y(axis, run[0][1]), stroke: series.tint, "stroke-width": 6 }));
        // Few points are shown as points: a single datapoint must be seen.
        if (run.length <= 60) for (const [at, top] of run) plot.append(svg("circle", { cx: x(at) + (run.length === 1 ? aside(at, y(axis, top)) : 0), cy: y(axis, top), r: run.length === 1 ? 3.5 : 2.5, fill: series.tint }));
        marks += run.length;
      }
    });
    verticals(root, plot, widget, x, box);
    lineLabels(root, widget, axes, y, box);
    hover(host, root, widget, shown, axes, x, y, box, range, onHover);
    return marks;
  }

  function bands(plot, widget, axes, y, box) {
    for (const line of widget.lines) {
      const axis = axes[line.axis];
      if (!axis) continue;
      const color = line.color ? readable(line.color) : "var(--threshold)";
      const at = y(axis, line.value), width = box.right - box.left;
      const area = (from, to) => plot.append(svg("rect", { x: box.left, y: Math.min(from, to), width, height: Math.abs(to - from), fill: color, "fill-opacity": 0.1 }));
      if (line.upper !== null) { area(at, y(axis, line.upper)); plot.append(svg("line", { x1: box.left, x2: box.right, y1: y(axis, line.upper), y2: y(axis, line.upper), stroke: color, "stroke-dasharray": "5 3" })); }
      else if (line.fill === "above") area(at, box.top);
      else if (line.fill === "below") area(at, box.bottom);
      plot.append(svg("line", { x1: box.left, x2: box.right, y1: at, y2: at, stroke: color, "stroke-width": 1.5, "stroke-dasharray": "5 3" }));
    }
  }

  function lineLabels(root, widget, axes, y, box) {
    const taken = [];
    for (const line of widget.lines) {
      const axis = axes[line.axis];
      if (!axis) continue;
      const label = line.label || format(line.value, axis.unit);
      let at = y(axis, line.value) - 4;
      if (at < box.top + 9) at = y(axis, line.value) + 13;
      // Labels of lines close to each other stand above one another.
      while (taken.some((other) => Math.abs(other - at) < 12)) at -= 12;
      if (at < box.top + 8) { at = box.top + 10; while (taken.some((other) => Math.abs(other - at) < 12)) at += 12; }
      taken.push(at);
      const color = line.color ? readable(line.color, 4.8) : "var(--threshold)";
      tag(root, fitted(label, box.right - box.left - 8), box.right - 4, at, "end", color);
    }
  }

  function verticals(root, plot, widget, x, box) {
    let lastEnd = -Infinity, level = 0;
    for (const mark of [...widget.marks].sort((a, b) => a.at - b.at)) {
      const at = x(mark.at), end = mark.end === null ? null : x(mark.end);
      if ((end ?? at) < box.left || at > box.right) continue;
      const color = mark.color ? readable(mark.color) : "var(--deploy)";
      const area = (from, to) => plot.append(svg("rect", { x: from, y: box.top, width: Math.max(to - from, 0), height: box.bottom - box.top, fill: color, "fill-opacity": 0.1 }));
      if (end !== null) area(at, end);
      else if (mark.fill === "before") area(box.left, at);
      else if (mark.fill === "after") area(at, box.right);
      for (const edge of end === null ? [at] : [at, end]) plot.append(svg("line", { x1: edge, x2: edge, y1: box.top, y2: box.bottom, stroke: color, "stroke-width": 1.5, "stroke-dasharray": "2 2" }));
      if (!mark.label) continue;
      const wide = textWidth(mark.label);
      const fits = at + 4 + wide <= box.right;
      const from = fits ? at + 4 : at - 4 - wide;
      level = from < lastEnd + 4 ? (level + 1) % 3 : 0;
      lastEnd = from + wide;
      tag(root, mark.label, fits ? at + 4 : at - 4, box.top + 10 + level * 13, fits ? "start" : "end", mark.color ? readable(mark.color, 4.8) : color);
    }
  }

  function hover(host, root, widget, shown, axes, x, y, box, range, onHover) {
    const times = [...new Set(shown.flatMap((series) => series.points.map((point) => point[0])))].sort((a, b) => a - b);
    if (!times.length) return;
    const layer = svg("g", { "aria-hidden": "true" });
    root.append(layer);
    let current = null;
    function show(at) {
      current = at;
      layer.replaceChildren(svg("line", { class: "crosshair", x1: x(at), x2: x(at), y1: box.top, y2: box.bottom }));
      const lines = [];
      for (const series of shown) {
        const point = series.points.find((candidate) => candidate[0] === at);
        const drawn = series.drawn.find((candidate) => candidate[0] === at);
        if (!point) continue;
        if (drawn && axes[series.axis]) layer.append(svg("circle", { cx: x(at), cy: y(axes[series.axis], drawn[1]), r: 4.5, fill: series.tint, stroke: "var(--card)", "stroke-width": 1.5 }));
        lines.push({ color: series.tint, name: series.label, value: format(point[1], series.unit), number: point[1] });
      }
      lines.sort((a, b) => b.number - a.number);
      const place = root.getBoundingClientRect();
      onHover({ title: moment(at), lines, x: place.left + x(at), y: place.top + box.top });
    }
    function hide() { current = null; layer.replaceChildren(); onHover(null); }
    root.addEventListener("pointermove", (event) => {
      const at = event.clientX - root.getBoundingClientRect().left;
      show(times.reduce((best, time) => (Math.abs(x(time) - at) < Math.abs(x(best) - at) ? time : best)));
    });
    root.addEventListener("pointerleave", hide);
    root.setAttribute("tabindex", "0");
    root.addEventListener("focus", () => { if (root.matches(":focus-visible")) show(times.at(-1)); });
    root.addEventListener("blur", hide);
    root.addEventListener("keydown", (event) => {
      const index = current === null ? times.length - 1 : times.indexOf(current);
      const next = { ArrowLeft: index - 1, ArrowRight: index + 1, Home: 0, End: times.length - 1 }[event.key];
      if (event.key === "Escape") hide();
      if (next === undefined) return;
      event.preventDefault();
      show(times[Math.max(0, Math.min(times.length - 1, next))]);
    });
  }

  // --- Other views ----------------------------------------------------------------------------

  function describe(widget) {
    const parts = widget.series.map((series) => `${series.label} ${format(series.latest, series.unit)}`);
    return `${widget.title || "Chart"}: ${parts.join(", ") || "no series"}`;
  }

  function bar(host, widget, shown) {
    host.replaceChildren();
    const { root, width, height } = canvas(host, describe(widget));
    const bars = shown.filter((series) => series.latest !== null);
    if (!bars.length) return 0;
    const values = bars.map((series) => series.latest);
    const lines = widget.lines.filter((line) => line.axis === "left").map((line) => line.value);
    const names = Math.min(width * 0.38, Math.max(...bars.map((series) => textWidth(series.label))) + 10);
    const tags = Math.max(...bars.map((series) => textWidth(format(series.latest, series.unit)))) + 10;
    const box = { left: names, top: 4, right: Math.max(width - tags, names + 20), bottom: height - 18 };
    const axis = scale(Math.min(0, ...values), Math.max(0, ...values, ...lines), Math.max(2, Math.floor((box.right - box.left) / 80)), widget.axes.left?.min, widget.axes.left?.max);
    const x = (value) => box.left + ((Math.min(Math.max(value, axis.low), axis.high) - axis.low) / (axis.high - axis.low)) * (box.right - box.left);
    const unit = bars.find((series) => series.unit)?.unit ?? "";
    for (const tick of axis.ticks) {
      root.append(svg("line", { class: "gridline", x1: x(tick), x2: x(tick), y1: box.top, y2: box.bottom }));
      root.append(svg("text", { x: x(tick), y: height - 4, "text-anchor": "middle" }, format(tick, unit)));
    }
    const room = (box.bottom - box.top) / bars.length, thick = Math.min(room * 0.7, 34);
    bars.forEach((series, index) => {
      const middle = box.top + room * (index + 0.5);
      const [from, to] = [x(0), x(series.latest)].sort((a, b) => a - b);
      root.append(svg("rect", { x: from, y: middle - thick / 2, width: Math.max(to - from, 1), height: thick, rx: 2, fill: series.tint }));
      const text = svg("text", { class: "strong", x: names - 6, y: middle + 4, "text-anchor": "end" }, fitted(series.label, names - 8));
      text.append(svg("title", {}, series.label));
      root.append(text, svg("text", { class: "strong", x: to + 5, y: middle + 4 }, format(series.latest, series.unit)));
    });
    for (const line of widget.lines) {
      const color = line.color ? readable(line.color) : "var(--threshold)";
      root.append(svg("line", { x1: x(line.value), x2: x(line.value), y1: box.top, y2: box.bottom, stroke: color, "stroke-dasharray": "5 3" }));
      const near = x(line.value) - box.left > textWidth(line.label) + 8;
      if (line.label) tag(root, line.label, x(line.value) + (near ? -4 : 4), box.top + 8, near ? "end" : "start", color);
    }
    return bars.length;
  }

  function pie(host, widget, shown) {
    host.replaceChildren();
    const { root, width, height } = canvas(host, describe(widget));
    const slices = shown.filter((series) => series.latest !== null && series.latest > 0);
    const total = slices.reduce((sum, series) => sum + series.latest, 0);
    const [cx, cy, outer] = [width / 2, height / 2, Math.max(Math.min(width, height) / 2 - 6, 10)];
    const inner = outer * 0.58;
    if (!total) {
      // Everything is nought: said by a ring without slices and the number in its middle.
      root.append(svg("circle", { cx, cy, r: (outer + inner) / 2, fill: "none", stroke: "var(--grid)", "stroke-width": outer - inner }));
      root.append(svg("text", { class: "strong", x: cx, y: cy + 5, "text-anchor": "middle" }, "0"));
      return shown.some((series) => series.latest !== null) ? 1 : 0;
    }
    let angle = -Math.PI / 2;
    const at = (radius, turn) => `${(cx + radius * Math.cos(turn)).toFixed(2)} ${(cy + radius * Math.sin(turn)).toFixed(2)}`;
    for (const series of slices) {
      const share = series.latest / total, end = angle + share * 2 * Math.PI;
      let shape;
      if (share > 0.9999) {
        shape = svg("circle", { cx, cy, r: (outer + inner) / 2, fill: "none", stroke: series.tint, "stroke-width": outer - inner });
      } else {
        const large = share > 0.5 ? 1 : 0;
        shape = svg("path", { d: `M${at(outer, angle)}A${outer} ${outer} 0 ${large} 1 ${at(outer, end)}L${at(inner, end)}A${inner} ${inner} 0 ${large} 0 ${at(inner, angle)}Z`, fill: series.tint, stroke: "var(--card)", "stroke-width": 1.5 });
      }
      shape.append(svg("title", {}, `${series.label}: ${format(series.latest, series.unit)} (${plain(share * 100, 3)}%)`));
      root.append(shape);
      angle = end;
    }
    const sum = svg("text", { class: "strong", x: cx, y: cy + 5, "text-anchor": "middle" }, format(total, slices[0].unit));
    sum.style.fontSize = `${Math.max(11, Math.min(inner * 0.45, 22))}px`;
    sum.style.fontWeight = "600";
    root.append(sum);
    return slices.length;
  }

  function gauge(host, widget, shown) {
    host.replaceChildren();
    const series = shown.find((candidate) => candidate.latest !== null);
    if (!series) return 0;
    const { root, width, height } = canvas(host, describe(widget));
    const low = widget.axes.left?.min ?? 0;
    const high = widget.axes.left?.max ?? Math.max(series.latest, low + 1);
    const radius = Math.max(Math.min(width / 2 - 30, height - 34), 20), cx = width / 2, cy = Math.min(height - 20, height / 2 + radius / 2 + 4);
    const turn = (value) => Math.PI * (1 + (Math.min(Math.max(value, low), high) - low) / (high - low));
    const at = (r, angle) => `${(cx + r * Math.cos(angle)).toFixed(2)} ${(cy + r * Math.sin(angle)).toFixed(2)}`;
    const arc = (from, to, r) => `M${at(r, turn(from))}A${r} ${r} 0 0 1 ${at(r, turn(to))}`;
    const thick = Math.max(radius * 0.2, 8);
    root.append(svg("path", { d: arc(low, high, radius - thick / 2), fill: "none", stroke: "var(--grid)", "stroke-width": thick }));
    let tint = series.tint;
    for (const line of widget.lines) {
      const [from, to] = line.upper !== null ? [line.value, line.upper] : line.fill === "above" ? [line.value, high] : line.fill === "below" ? [low, line.value] : [line.value, line.value];
      const color = line.color ? readable(line.color) : "var(--threshold)";
      if (to > from) root.append(svg("path", { d: arc(Math.max(from, low), Math.min(to, high), radius + 3), fill: "none", stroke: color, "stroke-width": 4 }));
      else root.append(svg("line", { ...edge(line.value), stroke: color, "stroke-width": 2 }));
      if (to > from && series.latest >= from && series.latest <= to) tint = color;
    }
    function edge(value) {
      const [x1, y1] = at(radius - thick, turn(value)).split(" "), [x2, y2] = at(radius + 5, turn(value)).split(" ");
      return { x1, y1, x2, y2 };
    }
    if (series.latest > low) root.append(svg("path", { d: arc(low, series.latest, radius - thick / 2), fill: "none", stroke: tint, "stroke-width": thick }));
    else root.append(svg("line", { ...edge(low), stroke: tint, "stroke-width": 3 }));
    const number = svg("text", { class: "strong", x: cx, y: cy - 4, "text-anchor": "middle" }, format(series.latest, series.unit));
    number.style.fontSize = `${Math.max(14, Math.min(radius * 0.36, 34))}px`;
    number.style.fontWeight = "600";
    root.append(number);
    root.append(svg("text", { x: cx, y: cy + 14, "text-anchor": "middle" }, fitted(series.label, 2 * radius - 70)));
    root.append(svg("text", { x: cx - radius + thick / 2, y: cy + 14, "text-anchor": "middle" }, format(low, series.unit)));
    root.append(svg("text", { x: cx + radius - thick / 2, y: cy + 14, "text-anchor": "middle" }, format(high, series.unit)));
    return 1;
  }

  function singleValue(host, widget, shown) {
    host.replaceChildren();
    const values = shown.filter((series) => series.latest !== null);
    const list = html("div", { class: "values" });
    const count = Math.max(values.length, 1);
    const texts = values.map((series) => format(series.latest, series.unit, widget.full));
    const widest = Math.max(...texts.map((text) => textWidth(text, "600 100px")), 60);
    // As large as the widest number allows when all stand in as few lines as the height holds.
    let size = 12, columns = 1;
    for (let lines = 1; lines <= count; lines += 1) {
      const across = Math.ceil(count / lines);
      const room = host.clientWidth / across - 26, tall = host.clientHeight / lines - (widget.sparkline ? 54 : 28);
      const fits = Math.min(room / (widest / 100), tall / 1.15, 46);
      if (fits > size) [size, columns] = [fits, across];
      // In one line, if that is large enough to be read from afar.
      if (size >= 26) break;
    }
    list.style.gridTemplateColumns = `repeat(${columns}, minmax(0, 1fr))`;
    list.style.setProperty("--size", `${Math.floor(size)}px`);
    values.forEach((series, index) => {
      const swatch = html("span", { class: "swatch" });
      swatch.style.background = series.tint;
      const name = html("span", { title: series.label }, series.label);
      const one = html("div", { class: "one" }, html("div", { class: "number" }, texts[index]), html("div", { class: "name" }, swatch, name));
      if (widget.sparkline && series.points.length > 1) one.append(spark(series));
      list.append(one);
    });
    host.append(list);
    return values.length;
  }

  function spark(series) {
    const box = html("div", { class: "spark" });
    const values = series.points.map((point) => point[1]), low = Math.min(0, ...values), high = Math.max(...values, low + 1e-9);
    const [start, end] = [series.points[0][0], series.points.at(-1)[0]];
    const path = series.points.map(([at, value]) => `${(((at - start) / (end - start)) * 100).toFixed(1)},${(24 - ((value - low) / (high - low)) * 22).toFixed(1)}`);
    const root = svg("svg", { viewBox: "0 0 100 26", width: "100%", height: 26, preserveAspectRatio: "none", "aria-hidden": "true" });
    root.append(svg("path", { d: `M${path.join("L")}`, fill: "none", stroke: series.tint, "stroke-width": 1.5, "vector-effect": "non-scaling-stroke" }));
    box.append(root);
    return box;
  }

  function table(host, widget) {
    host.replaceChildren();
    const head = html("tr");
    const numeric = widget.columns.map((_, at) => widget.rows.some((row) => typeof row[at]?.value === "number"));
    widget.columns.forEach((name, at) => head.append(html("th", { scope: "col", class: numeric[at] ? "number" : null }, name)));
    const body = html("tbody");
    for (const row of widget.rows) {
      const line = html("tr");
      row.forEach((cell, at) => {
        const text = typeof cell.value === "number" ? format(cell.value, cell.unit ?? "") : String(cell.value ?? "–");
        line.append(html("td", { class: numeric[at] ? "number" : null, title: text.length > 40 ? text : null }, html("div", { class: numeric[at] ? null : "cell" }, text)));
      });
      body.append(line);
    }
    const caption = html("caption", { class: "visually-hidden" }, widget.title || "Table");
    host.append(html("div", { class: "scroll", tabindex: "0" }, html("table", {}, caption, html("thead", {}, head), body)));
    return widget.rows.length;
  }

  function alarms(host, widget) {
    host.replaceChildren();
    const list = html("ul", { class: "alarm-list" });
    for (const alarm of widget.alarms) list.append(html("li", { title: alarm.reason || null }, badge(alarm), html("span", { class: "name", title: alarm.name }, alarm.short)));
    host.append(list);
    return widget.alarms.length;
  }

  const WORDS = { OK: "OK", ALARM: "In alarm", INSUFFICIENT_DATA: "No data", UNKNOWN: "Not deployed" };

  function badge(alarm) {
    const state = alarm.state in WORDS ? alarm.state : "UNKNOWN";
    return html("span", { class: `state ${state}`, title: `${alarm.name}: ${alarm.reason || WORDS[state]}` }, WORDS[state]);
  }

  return { timeSeries, bar, pie, gauge, singleValue, table, alarms, badge, colorOf, format, moment, html };
})();
