// What a person would notice on the page, as data: see test_page.py.
(() => {
  const box = (element) => element.getBoundingClientRect();
  const overlap = (a, b) => Math.min(a.right, b.right) - Math.max(a.left, b.left) > 1 && Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top) > 1;
  const pairs = (items) => items.flatMap((one, index) => items.slice(index + 1).map((other) => [one, other]));

  function channels(color) {
    const [r, g, b, a = 1] = color.match(/[\d.]+/g).map(Number);
    return [r, g, b, a];
  }
  function luminance(color) {
    const [r, g, b] = color.slice(0, 3).map((part) => part / 255).map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  }
  function behind(element) {
    for (let at = element; at; at = at.parentElement) {
      const color = channels(getComputedStyle(at).backgroundColor);
      if (color[3] > 0.99) return color;
    }
    return [255, 255, 255];
  }
  function contrast(element, property) {
    const [one, other] = [luminance(channels(getComputedStyle(element)[property])), luminance(behind(element))];
    return (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05);
  }

  const widgets = [...document.querySelectorAll(".widget")];
  const texts = [...document.querySelectorAll("svg text")];
  const written = [...document.querySelectorAll("h1, h2, h3, p, li, td, th, .name, .value, .number, .notice span, .state, label, button, nav a")].filter((e) => e.textContent.trim() && box(e).width > 1 && !e.hidden);
  return {
    overlapping: pairs(widgets).filter(([a, b]) => overlap(box(a), box(b))).map((pair) => pair.map((w) => w.dataset.widgetTitle)),
    wider: document.documentElement.scrollWidth - innerWidth,
    cut: texts.filter((text) => { const [own, svg] = [box(text), box(text.ownerSVGElement)]; return own.left < svg.left - 1 || own.right > svg.right + 1 || own.top < svg.top - 2 || own.bottom > svg.bottom + 2; }).map((text) => text.textContent),
    onEachOther: [...document.querySelectorAll("svg")].flatMap((svg) => pairs([...svg.querySelectorAll("text")]).filter(([a, b]) => overlap(box(a), box(b)))).map((pair) => pair.map((text) => text.textContent)),
    clippedNumbers: [...document.querySelectorAll(".number")].filter((e) => e.scrollWidth > e.clientWidth + 1).map((e) => e.textContent),
    faint: written.filter((e) => contrast(e, "color") < 4.5).map((e) => `${e.className || e.tagName} ${e.textContent.slice(0, 20)} ${contrast(e, "color").toFixed(2)}`),
    faintInCharts: texts.filter((text) => contrast(text, "fill") < 4.5).map((text) => `${text.textContent} ${contrast(text, "fill").toFixed(2)}`),
    unnamed: [...document.querySelectorAll("svg[role=img]:not([aria-label]), select:not([id]), section:not([aria-label]):not([aria-labelledby])")].length,
    images: document.querySelectorAll("img, iframe, object, link[rel=stylesheet], script[src]").length,
    title: document.title,
  };
})()
