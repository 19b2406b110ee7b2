// Single values, tables and alarms: lists in HTML. Each returns how many entries it drew.
"use strict";

const Lists = (() => {
  const { html, add, swatch, textWidth } = Elements;
  // A text of more characters than these, as an id, needs room for a third of it in a line.
  const LONG = 30;
  const STATE_LABELS = { OK: "OK", ALARM: "In alarm", INSUFFICIENT_DATA: "No data", UNKNOWN: "Not deployed" };

  function singleValue(host, widget, shown) {
    const values = shown.filter((series) => series.latest !== null);
    const texts = values.map((series) => Format.value(series.latest, series.unit, widget.full));
    const { size, columns } = sized(host, widget, texts);
    const list = html("div", { class: "values" });
    list.style.gridTemplateColumns = `repeat(${columns}, minmax(0, 1fr))`;
    list.style.setProperty("--size", `${size}px`);
    values.forEach((series, index) => {
      const name = html("span", { title: series.label }, series.label);
      const entry = html("div", { class: "one" }, html("div", { class: "number" }, texts[index]), html("div", { class: "name" }, swatch(series.tint), name));
      if (widget.sparkline && series.points.length > 1) entry.append(sparkline(series));
      list.append(entry);
    });
    host.replaceChildren(list);
    return values.length;
  }

  // As large as the widest number allows when all stand in as few lines as the height holds.
  function sized(host, widget, texts) {
    const count = Math.max(texts.length, 1), widest = Math.max(...texts.map((text) => textWidth(text, "600 100px")), 60) / 100;
    let size = 12, columns = 1;
    for (let lines = 1; lines <= count; lines += 1) {
      const across = Math.ceil(count / lines);
      const room = host.clientWidth / across - 26, tall = host.clientHeight / lines - (widget.sparkline ? 54 : 28);
      const fits = Math.min(room / widest, tall / 1.15, 46);
      if (fits > size) [size, columns] = [fits, across];
      // In one line, if that is large enough to be read from afar.
      if (size >= 26) break;
    }
    return { size: Math.floor(size), columns };
  }

  function sparkline(series) {
    const points = Layers.plain(series);
    const x = d3.scaleLinear(d3.extent(points, (point) => point.at), [0, 100]);
    const y = d3.scaleLinear([Math.min(0, d3.min(points, (point) => point.top)), d3.max(points, (point) => point.top) || 1], [24, 2]);
    const line = d3.line((point) => x(point.at), (point) => y(point.top));
    const box = html("div", { class: "spark" });
    const root = add(d3.select(box), "svg", { viewBox: "0 0 100 26", width: "100%", height: 26, preserveAspectRatio: "none", "aria-hidden": "true" });
    add(root, "path", { d: Layers.runs(points, series.period).map(line).join(""), fill: "none", stroke: series.tint, "stroke-width": 1.5, "vector-effect": "non-scaling-stroke" });
    return box;
  }

  function table(host, widget) {
    const numeric = widget.columns.map((_, at) => widget.rows.some((row) => typeof row[at]?.value === "number"));
    const head = html("tr", {}, ...widget.columns.map((name, at) => html("th", { scope: "col", class: numeric[at] ? "number" : null }, name)));
    const body = html("tbody", {}, ...widget.rows.map((row) => html("tr", {}, ...row.map((cell, at) => (numeric[at] ? number(cell) : words(cell))))));
    const caption = html("caption", { class: "visually-hidden" }, widget.title || "Table");
    host.replaceChildren(html("div", { class: "scroll", tabindex: "0" }, html("table", {}, caption, html("thead", {}, head), body)));
    return widget.rows.length;
  }

  const written = (cell) => (typeof cell.value === "number" ? Format.value(cell.value, cell.unit ?? "") : String(cell.value ?? "–"));
  const number = (cell) => html("td", { class: "number" }, written(cell));

  // A text that may be broken after a dot and a low line, too.
  function words(cell) {
    const text = written(cell), long = text.length > LONG;
    const parts = text.split(/(?<=[._])/).flatMap((part, index) => (index ? [html("wbr"), part] : [part]));
    return html("td", { title: long ? text : null }, html("div", { class: long ? "cell long" : "cell" }, ...parts));
  }

  function alarms(host, widget) {
    const entries = widget.alarms.map((alarm) => {
      const says = [alarm.since, alarm.state === "ALARM" ? reason(alarm) : ""].filter(Boolean).join(": ");
      return html("li", { title: `${alarm.name}${alarm.reason ? `: ${alarm.reason}` : ""}` }, badge(alarm), html("span", { class: "text" }, html("span", { class: "name" }, alarm.short), html("span", { class: "says" }, says)));
    });
    if (widget.left_out && !widget.alarms.length) entries.push(html("li", {}, html("span", { class: "state OK" }, "None"), html("span", { class: "text" }, `of ${widget.left_out} ${widget.left_out === 1 ? "alarm" : "alarms"} is in a state that is shown here`)));
    host.replaceChildren(html("ul", { class: "alarm-list" }, ...entries));
    return entries.length;
  }

  // Why an alarm is red: a composite because of the red ones it is made of.
  function reason(alarm) {
    const red = alarm.children.filter((child) => child.state === "ALARM").map((child) => child.short);
    return red.length ? red.join(", ") : alarm.reason;
  }

  function badge(alarm) {
    const state = alarm.state in STATE_LABELS ? alarm.state : "UNKNOWN";
    const since = alarm.since ? `, since ${alarm.since}` : "";
    return html("span", { class: `state ${state}`, title: `${alarm.name}: ${alarm.reason || STATE_LABELS[state]}${since}` }, STATE_LABELS[state]);
  }

  return { singleValue, table, alarms, badge };
})();
