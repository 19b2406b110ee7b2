// Series as layers of points: where each stands, and where its line is interrupted.
"use strict";

const Layers = (() => {
  // A missing period is a hole, not a slope: between points further apart than one period nothing
  // is drawn.
  const apart = (one, other, period) => other.at - one.at > period * 1000 * 1.5;

  function runs(points, period) {
    const found = [];
    for (const point of points) {
      const run = found.at(-1);
      if (run && !apart(run.at(-1), point, period)) run.push(point);
      else found.push([point]);
    }
    return found;
  }

  const plain = (series) => series.points.map(([at, value]) => ({ at, top: value, bottom: 0, real: true }));

  // Stacked series stand on those before them. Where others have a value and a series has none, it
  // adds nothing: beside its own points its area closes there, further away it is not drawn.
  function stacked(all) {
    const times = [...new Set(all.flatMap((series) => series.points.map(([at]) => at)))].sort(d3.ascending);
    const values = new Map(all.map((series) => [series, new Map(series.points)]));
    const stack = d3.stack().keys(all).value((at, series) => values.get(series).get(at) ?? 0);
    return stack(times).map((layer) => {
      const has = (index) => values.get(layer.key).has(times[index]);
      const points = layer.map(([bottom, top], index) => ({ at: times[index], top, bottom, real: has(index) }));
      return { series: layer.key, points: points.filter((_, index) => has(index) || has(index - 1) || has(index + 1)) };
    });
  }

  // The layers of a chart over time. A series without data has none.
  function of(widget, shown) {
    const filled = shown.filter((series) => series.points.length);
    const layers = widget.stacked
      ? ["left", "right"].flatMap((side) => stacked(filled.filter((series) => series.axis === side)))
      : filled.map((series) => ({ series, points: plain(series) }));
    return layers.map((layer) => ({ ...layer, runs: runs(layer.points, widget.stacked ? widget.period : layer.series.period) }));
  }

  return { of, runs, plain };
})();
