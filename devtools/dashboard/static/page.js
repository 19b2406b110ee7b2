// The page: fetches a dashboard's document (or finds it embedded), draws it, and keeps it fresh.
// Each widget says what became of it in data-widget-state: drawn, empty, error or unevaluated.
"use strict";

(() => {
  const { html, swatch } = Elements;
  const root = document.documentElement;
  const find = (id) => document.getElementById(id);
  const embedded = find("document");
  const hidden = new Map();
  let shownDocument = null;
  let timer = null;
  let latestRequest = 0;

  const problems = [];
  function problem(text) {
    problems.push(text);
    root.dataset.problems = JSON.stringify(problems);
  }
  window.addEventListener("error", (event) => problem(event.message));
  window.addEventListener("unhandledrejection", (event) => problem(String(event.reason)));
  document.addEventListener("securitypolicyviolation", (event) => problem(`refused by policy: ${event.blockedURI || event.violatedDirective}`));

  // --- The view: kept in the address, so that a view can be passed on ---------------------

  function currentView() {
    const query = new URLSearchParams(location.search);
    return {
      dashboard: query.get("dashboard") ?? "",
      range: query.get("range") ?? "",
      start: query.get("start") ?? "",
      end: query.get("end") ?? "",
      theme: query.get("theme") ?? "",
      refresh: Number(query.get("refresh") ?? 0) || 0,
    };
  }

  function changeView(changes) {
    const query = new URLSearchParams(location.search);
    for (const [name, value] of Object.entries(changes)) {
      if (value) query.set(name, value);
      else query.delete(name);
    }
    history.replaceState(null, "", `${location.pathname}?${query}`);
  }

  // --- Theme ------------------------------------------------------------------------------------

  const preference = matchMedia("(prefers-color-scheme: dark)");

  function applyTheme() {
    const chosen = currentView().theme;
    root.dataset.theme = chosen === "dark" || chosen === "light" ? chosen : preference.matches ? "dark" : "light";
    const dark = root.dataset.theme === "dark";
    find("theme").textContent = dark ? "Light" : "Dark";
    find("theme").setAttribute("aria-label", `Change to the ${dark ? "light" : "dark"} theme`);
  }

  // --- Drawing ----------------------------------------------------------------------------------

  function notice(kind, text) {
    return html("div", { class: `notice ${kind}`, role: kind === "error" ? "alert" : null }, html("span", {}, text));
  }

  function frame(widget) {
    const heading = `${widget.id}-title`;
    const section = html("section", { class: `widget ${widget.kind}${widget.transparent ? " transparent" : ""}`, id: widget.id, "aria-labelledby": widget.title ? heading : null, "aria-label": widget.title ? null : widget.kind });
    section.style.gridColumn = `${widget.at.x + 1} / span ${widget.at.width}`;
    section.style.gridRow = `${widget.at.y + 1} / span ${widget.at.height}`;
    section.dataset.widgetTitle = widget.title;
    section.dataset.widgetKind = widget.kind;
    if (widget.title) section.append(html("h2", { id: heading, title: widget.title }, widget.title));
    return section;
  }

  function fill(section, widget) {
    section.querySelector(":scope > .content, :scope > .notice, :scope > .markdown, :scope > .badges")?.remove();
    section.querySelector(":scope > .badges")?.remove();
    let state = widget.state;
    try {
      if (state === "data") state = draw(section, widget) > 0 ? "drawn" : "empty";
    } catch (error) {
      section.querySelector(":scope > .content")?.remove();
      widget.message = `The page could not draw this: ${error.message}`;
      state = "error";
      problem(`${widget.title}: ${error.stack}`);
    }
    if (state === "empty") {
      section.querySelector(":scope > .content")?.remove();
      section.append(notice("empty", widget.message || "No data in this range"));
    } else if (state !== "drawn") {
      section.append(notice(state, widget.message));
    }
    section.dataset.widgetState = state;
    section.dataset.widgetMessage = widget.message ?? "";
    if (widget.alarms?.length && widget.kind !== "alarms") section.append(html("div", { class: "badges" }, ...widget.alarms.map(Lists.badge)));
  }

  function draw(section, widget) {
    if (widget.kind === "text") {
      const box = html("div", { class: "markdown" });
      // Made by the server from Markdown with HTML switched off; scripts are refused by policy too.
      box.innerHTML = widget.html;
      section.append(box);
      return 1;
    }
    const beside = widget.legend === "right";
    const content = html("div", { class: `content${beside ? " beside" : ""}` });
    const plot = html("div", { class: "plot" });
    content.append(plot);
    section.append(content);
    if (widget.kind === "table") return Lists.table(plot, widget);
    if (widget.kind === "alarms") return Lists.alarms(plot, widget);
    Colors.ofAll(widget.series).forEach((tint, index) => { widget.series[index].tint = tint; });
    const out = hidden.get(key(widget)) ?? new Set();
    hidden.set(key(widget), out);
    const shown = widget.series.filter((series) => !out.has(series.label));
    // The legend first: it takes its room from the plot.
    if (widget.kind !== "singleValue" && widget.kind !== "gauge" && widget.kind !== "bar" && widget.legend !== "hidden") content.append(legend(section, widget, out));
    const view = { timeSeries: TimeSeries.draw, bar: Shares.bar, pie: Shares.pie, gauge: Shares.gauge, singleValue: Lists.singleValue }[widget.kind];
    const count = view(plot, widget, shown, widget.range ?? shownDocument.range, tooltip);
    // Hidden by the viewer is not missing.
    return count || (out.size ? 1 : 0);
  }

  const key = (widget) => `${shownDocument.name}/${widget.id}`;

  function legend(section, widget, out) {
    const list = html("ul", { class: "legend" });
    const total = widget.series.reduce((sum, series) => sum + (series.latest ?? 0), 0);
    for (const series of widget.series) {
      let value = series.latest === null ? "no data" : Format.value(series.latest, series.unit);
      if (widget.kind === "pie" && series.latest !== null && total > 0) value += ` (${((series.latest / total) * 100).toFixed(0)}%)`;
      const button = html("button", { type: "button", "aria-pressed": String(!out.has(series.label)), title: `${series.label}: show or hide` }, swatch(series.tint), html("span", { class: "name" }, series.label), html("span", { class: "value" }, value));
      button.addEventListener("click", () => {
        if (!out.delete(series.label)) out.add(series.label);
        fill(section, widget);
        [...section.querySelectorAll(".legend button")].at(widget.series.indexOf(series))?.focus();
      });
      list.append(html("li", {}, button));
    }
    return list;
  }

  function tooltip(content) {
    const box = find("tooltip");
    box.hidden = content === null;
    if (content === null) return;
    const lines = content.lines.slice(0, 14).map((line) => {
      return html("div", {}, swatch(line.color), html("span", { class: "name" }, line.name), html("span", { class: "value" }, line.value));
    });
    box.replaceChildren(html("div", {}, html("span", { class: "name" }, content.title)), ...lines);
    const { offsetWidth, offsetHeight } = box;
    const left = content.x + 14 + offsetWidth > innerWidth ? content.x - 14 - offsetWidth : content.x + 14;
    box.style.left = `${Math.max(4, left)}px`;
    box.style.top = `${Math.max(4, Math.min(content.y, innerHeight - offsetHeight - 4))}px`;
  }

  // A dashboard's variable: its values to choose from.
  function choice(variable) {
    const options = variable.choices.map((entry) => html("option", { value: entry.name, selected: entry.chosen ? "" : null }, entry.label));
    const select = html("select", {}, ...options);
    select.addEventListener("change", () => {
      const entry = variable.choices[select.selectedIndex];
      if (embedded) { location.href = entry.href; return; }
      changeView({ dashboard: entry.name });
      load();
    });
    return html("label", {}, `${variable.name} `, select);
  }

  function render(page) {
    shownDocument = page;
    document.title = `${page.title} – Tradewind dashboards`;
    find("title").textContent = page.title;
    const links = page.dashboards.map((entry) => html("a", { href: entry.href, "aria-current": entry.current ? "page" : null }, entry.title));
    if (!embedded) links.forEach((link, index) => link.addEventListener("click", (event) => {
      if (event.metaKey || event.ctrlKey || event.shiftKey) return;
      event.preventDefault();
      changeView({ dashboard: page.dashboards[index].name });
      load();
    }));
    find("dashboards").replaceChildren(...links);
    find("variables").replaceChildren(...page.variables.map(choice));
    find("refused").hidden = page.problems.length === 0;
    find("refused").replaceChildren(...page.problems.map((text) => html("li", {}, `CloudWatch refuses this dashboard. ${text}`)));
    find("status").className = "status";
    find("status").textContent = `${Format.moment(page.range.start).slice(0, 16)} to ${Format.moment(page.range.end).slice(0, 16)} UTC, from ${page.source}. Read at ${Format.moment(page.generated)}.`;
    const main = find("widgets");
    main.replaceChildren(...page.widgets.map(frame));
    redraw();
    root.dataset.ready = "true";
  }

  function redraw() {
    if (!shownDocument) return;
    for (const widget of shownDocument.widgets) fill(find(widget.id), widget);
    for (const box of document.querySelectorAll(".widget.text")) box.dataset.overflows = String(box.scrollHeight > box.clientHeight + 1);
  }

  // --- Loading ----------------------------------------------------------------------------------

  async function load() {
    if (embedded) { render(JSON.parse(embedded.textContent)); return; }
    clearTimeout(timer);
    const request = (latestRequest += 1);
    const now = currentView();
    const query = new URLSearchParams({ dashboard: now.dashboard, range: now.range, start: now.start, end: now.end });
    find("widgets").setAttribute("aria-busy", "true");
    try {
      const answer = await fetch(`api/dashboard?${query}`, { cache: "no-store" });
      const page = await answer.json();
      // A slow answer must not replace a newer one.
      if (request !== latestRequest) return;
      if (!answer.ok) throw new Error(page.error);
      render(page);
      if (!now.range && !now.start) find("range").value = page.range.preset ?? "";
    } catch (error) {
      if (request !== latestRequest) return;
      find("status").className = "status failed";
      find("status").textContent = `Not refreshed: ${error.message}`;
      root.dataset.ready = "true";
    } finally {
      if (request === latestRequest) {
        find("widgets").removeAttribute("aria-busy");
        if (now.refresh > 0) timer = setTimeout(load, now.refresh * 1000);
      }
    }
  }

  function controls() {
    const now = currentView();
    find("theme").addEventListener("click", () => { changeView({ theme: root.dataset.theme === "dark" ? "light" : "dark" }); applyTheme(); redraw(); });
    preference.addEventListener("change", () => { applyTheme(); redraw(); });
    find("live").hidden = Boolean(embedded);
    if (embedded) return;
    const custom = find("custom");
    find("range").value = now.start ? "custom" : now.range;
    custom.hidden = !now.start;
    find("refresh").value = String(now.refresh || "");
    find("range").addEventListener("change", (event) => {
      custom.hidden = event.target.value !== "custom";
      if (event.target.value !== "custom") { changeView({ range: event.target.value, start: "", end: "" }); load(); return; }
      const text = (ms) => new Date(ms).toISOString().slice(0, 16);
      find("from").value = text(shownDocument?.range.start ?? Date.now() - 3_600_000);
      find("to").value = text(shownDocument?.range.end ?? Date.now());
    });
    custom.addEventListener("submit", (event) => {
      event.preventDefault();
      changeView({ range: "", start: `${find("from").value}Z`, end: `${find("to").value}Z` });
      load();
    });
    if (now.start) { find("from").value = now.start.slice(0, 16); find("to").value = now.end.slice(0, 16); }
    find("refresh").addEventListener("change", (event) => { changeView({ refresh: event.target.value }); load(); });
    find("reload").addEventListener("click", load);
  }

  applyTheme();
  controls();
  let pending = 0;
  let width = innerWidth;
  addEventListener("resize", () => {
    if (innerWidth === width) return;
    width = innerWidth;
    cancelAnimationFrame(pending);
    pending = requestAnimationFrame(redraw);
  });
  load();
})();
