// A map to look around in. The page sets "view": box (left, top, width and height of what is shown
// at first, in the drawing's units), metres (of one unit), origin (longitude and latitude of the
// point 0, 0), east and north (degrees gained by a unit to the right, and upwards).
const map = document.getElementById("map");
const tip = document.getElementById("tip");
const place = document.getElementById("place");
const svgNames = "http://www.w3.org/2000/svg";
let box = view.box.slice();

function pixelsPerUnit() {
  return Math.min(map.clientWidth / box[2], map.clientHeight / box[3]);
}
function pointAt(event) {
  const frame = map.getBoundingClientRect();
  const scale = pixelsPerUnit();
  return [
    box[0] + box[2] / 2 + (event.clientX - frame.left - frame.width / 2) / scale,
    box[1] + box[3] / 2 + (event.clientY - frame.top - frame.height / 2) / scale,
  ];
}
function degreesAt([right, down]) {
  return [
    view.origin[0] + right * view.east[0] - down * view.north[0],
    view.origin[1] + right * view.east[1] - down * view.north[1],
  ];
}
function wrapped(longitude) {
  return ((longitude + 540) % 360) - 180;
}
function show() {
  map.setAttribute("viewBox", box.join(" "));
  map.style.setProperty("--unit", 1 / pixelsPerUnit());
  const scale = pixelsPerUnit() / view.metres;
  const longest = 160 / scale;
  const power = Math.pow(10, Math.floor(Math.log10(longest)));
  const length = [5, 2, 1].map((step) => step * power).find((metres) => metres <= longest);
  const bar = document.getElementById("bar");
  bar.firstElementChild.textContent = length >= 1000 ? length / 1000 + " km" : length + " m";
  bar.querySelector("i").style.width = length * scale + "px";
  drawGraticule();
}
// Lines of equal longitude and latitude over what is seen, which is more than the box: the
// drawing's margins show too.
function drawGraticule() {
  const lines = document.getElementById("graticule");
  if (!map.clientWidth) return;
  lines.replaceChildren();
  const unit = 1 / pixelsPerUnit();
  const [wide, high] = [map.clientWidth * unit, map.clientHeight * unit];
  const [middleX, middleY] = middle();
  const [left, right, top, bottom] = [middleX - wide / 2, middleX + wide / 2, middleY - high / 2, middleY + high / 2];
  const corners = [[left, top], [right, top], [left, bottom], [right, bottom]].map(degreesAt);
  for (const at of [0, 1]) {
    const values = corners.map((corner) => corner[at]);
    const [low, most] = [Math.min(...values), Math.max(...values)];
    const least = (most - low) / 7;
    const power = Math.pow(10, Math.floor(Math.log10(least)));
    const step = [1, 2, 5, 10].map((one) => one * power).find((one) => one >= least);
    const digits = Math.max(0, -Math.floor(Math.log10(step) + 1e-9));
    for (let count = Math.ceil(low / step); count * step <= most; count += 1) {
      const value = count * step;
      const xOf = (y) => (value - view.origin[0] + y * view.north[0]) / view.east[0];
      const yOf = (x) => (view.origin[1] + x * view.east[1] - value) / view.north[1];
      const [start, end] = at ? [[left, yOf(left)], [right, yOf(right)]] : [[xOf(top), top], [xOf(bottom), bottom]];
      const line = document.createElementNS(svgNames, "path");
      line.setAttribute("d", "M" + start.join(" ") + "L" + end.join(" "));
      const told = at ? value : wrapped(value);
      const label = document.createElementNS(svgNames, "text");
      label.textContent = Math.abs(told).toFixed(digits) + "° " + (at ? "NS" : "EW")[told < 0 ? 1 : 0];
      label.setAttribute("x", start[0] + (at ? clear((start[1] - top) / unit) : 4) * unit);
      label.setAttribute("y", at ? start[1] - 4 * unit : top + 14 * unit);
      label.setAttribute("font-size", 11 * unit);
      label.setAttribute("stroke-width", 2.5 * unit);
      lines.append(line);
      // One that would be cut off by the map's edge says nothing, or something else.
      if (at || start[0] + 56 * unit < right) lines.append(label);
    }
  }
}
// How far from the left edge the degrees of a parallel are set that meets it so far down: they keep
// clear of the arrow and the scale, which lie over the map.
function clear(down) {
  for (const id of ["north", "bar"]) {
    const over = document.getElementById(id);
    if (down > over.offsetTop - 4 && down < over.offsetTop + over.offsetHeight + 18) {
      return over.offsetLeft + over.offsetWidth + 6;
    }
  }
  return 4;
}
function zoom(factor, at) {
  const width = box[2] * factor;
  if (width * view.metres < 20 || width > 50 * view.box[2]) return;
  box = [at[0] - (at[0] - box[0]) * factor, at[1] - (at[1] - box[1]) * factor, width, box[3] * factor];
  show();
}
function middle() {
  return [box[0] + box[2] / 2, box[1] + box[3] / 2];
}
function move(right, down) {
  box[0] += right;
  box[1] += down;
  show();
}
map.addEventListener("wheel", (event) => {
  event.preventDefault();
  zoom(event.deltaY > 0 ? 1.2 : 1 / 1.2, pointAt(event));
}, { passive: false });
let dragged = null;
map.addEventListener("pointerdown", (event) => {
  dragged = [event.clientX, event.clientY];
  map.classList.add("dragging");
});
for (const end of ["pointerup", "pointercancel"]) window.addEventListener(end, () => {
  dragged = null;
  map.classList.remove("dragging");
});
map.addEventListener("pointermove", (event) => {
  if (dragged) {
    const scale = pixelsPerUnit();
    move((dragged[0] - event.clientX) / scale, (dragged[1] - event.clientY) / scale);
    dragged = [event.clientX, event.clientY];
  }
  const [longitude, latitude] = degreesAt(pointAt(event));
  place.textContent = latitude.toFixed(5) + "°, " + wrapped(longitude).toFixed(5) + "°";
  const over = dragged ? null : event.target.closest("[data-t]");
  tip.hidden = !over;
  if (!over) return;
  tip.textContent = over.dataset.t;
  const frame = map.getBoundingClientRect();
  const left = event.clientX - frame.left + 14;
  tip.style.left = Math.max(4, Math.min(left, frame.width - tip.offsetWidth - 4)) + "px";
  tip.style.top = event.clientY - frame.top + 14 + "px";
});
map.addEventListener("pointerleave", () => { tip.hidden = true; place.textContent = ""; });
map.addEventListener("keydown", (event) => {
  const step = box[2] / 10;
  const moves = { ArrowLeft: [-step, 0], ArrowRight: [step, 0], ArrowUp: [0, -step], ArrowDown: [0, step] };
  if (moves[event.key]) move(...moves[event.key]);
  else if (event.key === "+" || event.key === "=") zoom(0.7, middle());
  else if (event.key === "-") zoom(1.43, middle());
  else return;
  event.preventDefault();
});
for (const button of document.querySelectorAll("[data-zoom]")) button.addEventListener("click", () => {
  const factor = Number(button.dataset.zoom);
  if (factor) { zoom(factor, middle()); return; }
  box = view.box.slice();
  show();
});
for (const input of document.querySelectorAll("[data-layer]")) input.addEventListener("change", () => {
  for (const layer of document.querySelectorAll(input.dataset.layer)) layer.style.display = input.checked ? "" : "none";
});
window.addEventListener("resize", show);
