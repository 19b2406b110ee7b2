// The values at one moment, under the pointer or chosen with the keyboard.
"use strict";

const Hover = (() => {
  const { add } = Elements;

  function attach(root, layers, axes, x, box, onHover) {
    const times = [...new Set(layers.flatMap((layer) => layer.series.points.map(([at]) => at)))].sort(d3.ascending);
    if (!times.length) return;
    const marks = add(root, "g", { "aria-hidden": "true" });
    const node = root.node();
    let current = null;

    function show(index) {
      current = index;
      const at = times[index];
      marks.selectAll("*").remove();
      add(marks, "line", { class: "crosshair", x1: x(at), x2: x(at), y1: box.top, y2: box.bottom });
      const found = layers.flatMap(({ series, points }) => points.filter((point) => point.real && point.at === at).map((point) => ({ series, point })));
      for (const { series, point } of found) {
        add(marks, "circle", { cx: x(at), cy: axes[series.axis].y(point.top), r: 4.5, fill: series.tint, stroke: "var(--card)", "stroke-width": 1.5 });
      }
      const lines = found.map(({ series }) => ({ color: series.tint, name: series.label, unit: series.unit, number: series.points.find(([time]) => time === at)[1] }));
      lines.sort((a, b) => b.number - a.number);
      const place = node.getBoundingClientRect();
      onHover({ title: Format.moment(at), lines: lines.map((line) => ({ ...line, value: Format.value(line.number, line.unit) })), x: place.left + x(at), y: place.top + box.top });
    }

    function hide() {
      current = null;
      marks.selectAll("*").remove();
      onHover(null);
    }

    root.attr("tabindex", 0)
      .on("pointermove", (event) => show(d3.bisectCenter(times, x.invert(d3.pointer(event, node)[0]))))
      .on("pointerleave", hide)
      .on("focus", () => { if (node.matches(":focus-visible")) show(times.length - 1); })
      .on("blur", hide)
      .on("keydown", (event) => {
        if (event.key === "Escape") hide();
        const index = current ?? times.length - 1;
        const next = { ArrowLeft: index - 1, ArrowRight: index + 1, Home: 0, End: times.length - 1 }[event.key];
        if (next === undefined) return;
        event.preventDefault();
        show(Math.max(0, Math.min(times.length - 1, next)));
      });
  }

  return { attach };
})();
