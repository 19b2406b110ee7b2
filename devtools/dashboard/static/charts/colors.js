// Colours: a dashboard's own, made readable on the theme's background, or the theme's palette.
"use strict";

const Colors = (() => {
  const PALETTE = {
    light: ["#0b62bd", "#c2500a", "#1a7f37", "#8250df", "#b92b7f", "#0d7a86", "#8f6500", "#5b6673", "#b42318", "#4656c7"],
    dark: ["#6cb6ff", "#f69d50", "#6bc46d", "#c297ff", "#ff80c8", "#4ac8d4", "#daaa3f", "#adbac7", "#ff7b72", "#96a4ff"],
  };
  const CARD = { light: "#ffffff", dark: "#171e27" };
  const INK = { light: "#000000", dark: "#ffffff" };
  const LINE_CONTRAST = 3, TEXT_CONTRAST = 4.8;

  const theme = () => (document.documentElement.dataset.theme === "dark" ? "dark" : "light");

  // Relative luminance and contrast are those of WCAG 2.
  function luminance(color) {
    const { r, g, b } = d3.rgb(color);
    const [red, green, blue] = [r, g, b].map((part) => {
      const share = part / 255;
      return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  }

  function contrast(one, other) {
    const [low, high] = [luminance(one), luminance(other)].sort((a, b) => a - b);
    return (high + 0.05) / (low + 0.05);
  }

  // A colour chosen for one background is moved towards the ink until it stands out on ours.
  function readable(color, least) {
    const towardsInk = d3.interpolateRgb(color, INK[theme()]);
    for (let share = 0; share < 1; share += 0.05) {
      if (contrast(towardsInk(share), CARD[theme()]) >= least) return towardsInk(share);
    }
    return INK[theme()];
  }

  // Distance in CIE Lab: below some twenty, two lines look alike.
  const ALIKE = 22;
  function distance(one, other) {
    const [a, b] = [d3.lab(one), d3.lab(other)];
    return Math.hypot(a.l - b.l, a.a - b.a, a.b - b.b);
  }

  // The colours of a chart's series. Two that were told apart on the other background still are: one
  // that would look like an earlier one moves on towards the ink.
  function ofAll(all) {
    const taken = [];
    return all.map((series, index) => {
      const own = series.color ? readable(series.color, LINE_CONTRAST) : PALETTE[theme()][index % 10];
      const meant = all.slice(0, index).map((other) => other.color);
      const differs = (color) => taken.every((other, at) => meant[at] === series.color || distance(color, other) >= ALIKE);
      const towardsInk = d3.interpolateRgb(own, INK[theme()]);
      let tint = own;
      for (let share = 0.1; series.color && !differs(tint) && share <= 0.8; share += 0.1) tint = towardsInk(share);
      if (!differs(tint)) tint = own;
      taken.push(tint);
      return tint;
    });
  }

  const ofLine = (color, fallback) => (color ? readable(color, LINE_CONTRAST) : fallback);
  const ofText = (color, fallback) => (color ? readable(color, TEXT_CONTRAST) : fallback);

  return { ofAll, ofLine, ofText };
})();
