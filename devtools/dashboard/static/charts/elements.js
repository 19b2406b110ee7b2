// Elements and texts. What came from a dashboard or a metric is set as text or as a number, never
// as markup.
"use strict";

const Elements = (() => {
  const FONT = 'system-ui, "Segoe UI", "DejaVu Sans", "Liberation Sans", sans-serif';
  const ruler = document.createElement("canvas").getContext("2d");

  function html(name, attributes = {}, ...children) {
    const element = document.createElement(name);
    for (const [key, value] of Object.entries(attributes)) {
      if (value !== null && value !== undefined) element.setAttribute(key, value);
    }
    element.append(...children);
    return element;
  }

  // An SVG element in a selection; a text is set as text.
  function add(into, name, attributes = {}, text) {
    const element = into.append(name);
    for (const [key, value] of Object.entries(attributes)) element.attr(key, value);
    return text === undefined ? element : element.text(text);
  }

  function swatch(color) {
    const element = html("span", { class: "swatch" });
    element.style.background = color;
    return element;
  }

  // An empty SVG as large as its host, in place of what was there.
  function canvas(host, label) {
    host.replaceChildren();
    const width = Math.max(host.clientWidth, 40), height = Math.max(host.clientHeight, 30);
    const root = add(d3.select(host), "svg", { width, height, viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": label });
    return { root, width, height };
  }

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
    const width = textWidth(text);
    add(into, "rect", { class: "backing", rx: 2, x: (anchor === "end" ? x - width : x) - 2, y: y - 10, width: width + 4, height: 13 });
    add(into, "text", { x, y, "text-anchor": anchor }, text).style("fill", color);
  }

  // What a chart says to who cannot see it.
  function describe(widget) {
    const parts = widget.series.map((series) => `${series.label} ${Format.value(series.latest, series.unit)}`);
    return `${widget.title || "Chart"}: ${parts.join(", ") || "no series"}`;
  }

  return { html, add, swatch, canvas, textWidth, fitted, tag, describe };
})();
