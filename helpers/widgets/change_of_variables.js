// The browser's side of helpers/widgets/change_of_variables.py. All is computed here; the kernel is never asked. Every view of
// a model shares one local attribute, "state": mu, sigma, target and jacobian (whether q is carried with it).

const HEIGHT = 250;
const MARGIN = { left: 52, right: 14, top: 8, bottom: 38 };
// how far q goes on each side of μ, and its step, both in sds of q
const DRAWN = { reach: 5, step: 0.02 };
const SUMMED = { reach: 8, step: 0.005 };

const stateOf = (model) => model.get("state") ?? { ...model.get("start"), jacobian: true };
const change = (model, changes) => model.set("state", { ...stateOf(model), ...changes });
const minus = (text) => text.replace("-", "−");
const short = (area) => (area > 1e-6 && area < 0.01 ? area.toPrecision(2) : area.toFixed(3));
const show = (value) => minus(value.toFixed(2).replace(/^-(0\.0*)$/, "$1"));
const sigmoid = (zeta) => 1 / (1 + Math.exp(-zeta));
const slope = (zeta) => sigmoid(zeta) * sigmoid(-zeta); // dθ/dζ = θ(1 − θ), precise in both tails
const softplus = (x) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));
const grid = (from, to, step) => {
  const steps = Math.ceil((to - from) / step);
  return Array.from({ length: steps + 1 }, (_, k) => from + ((to - from) * k) / steps);
};

// A point of a density of ζ: its height on the line, and its height on (0, 1) with and without the Jacobian.
const point = (zeta, density) => ({ zeta, theta: sigmoid(zeta), bare: density, carried: density / slope(zeta) });

// q's strips of equal probability, each a list of points.
function strips({ mu, sigma }, { inner_edges }, { reach, step }) {
  const edges = [-reach, ...inner_edges, reach];
  const peak = 1 / (sigma * Math.sqrt(2 * Math.PI));
  return edges.slice(1).map((to, k) => grid(edges[k], to, step).map((z) => point(mu + sigma * z, peak * Math.exp((-z * z) / 2))));
}

const targetOf = ({ target }, { targets }) => targets.find(({ name }) => name === target); // undefined for "none"

function targetPoints({ a, b, log_beta }) {
  return grid(-14, 14, 0.05).map((zeta) => point(zeta, Math.exp(-a * softplus(-zeta) - b * softplus(zeta) - log_beta)));
}

// The area of each strip on (0, 1): trapezoids between neighbouring points, as wide as θ goes from one to the other.
export function areas(state, options) {
  const height = state.jacobian ? "carried" : "bare";
  // near θ = 1, from 1 − θ, which keeps its digits there
  const width = (a, b) => (a.zeta > 0 ? sigmoid(-a.zeta) - sigmoid(-b.zeta) : b.theta - a.theta);
  return strips(state, options, SUMMED).map((points) =>
    points.slice(1).reduce((sum, b, k) => sum + (width(points[k], b) * (points[k][height] + b[height])) / 2, 0),
  );
}

const PAGE = `
  <div class="cov-row">
    <label>Target p <select data-id="target"></select></label>
    <button type="button" data-id="best">Best q</button>
    <label><input type="checkbox" data-id="jacobian"> with the Jacobian</label>
  </div>
  <label class="cov-slider"><span>mean μ of q</span><input type="range" data-id="mu"><output data-id="mu-value"></output></label>
  <label class="cov-slider"><span>sd σ of q</span><input type="range" data-id="sigma"><output data-id="sigma-value"></output></label>
  <div class="cov-row cov-legend">
    <span><span class="cov-swatch" data-id="ramp"></span>q, in strips of 10 % each</span>
    <span data-id="target-key"><span class="cov-swatch cov-p-swatch"></span><span data-id="target-name"></span></span>
  </div>
  <div class="cov-panels">
    <div><div class="cov-title">ζ on the real line: <i>q</i>(ζ)</div><div data-id="line" class="cov-plot"></div></div>
    <div><div class="cov-title" data-id="title"></div><div data-id="unit" class="cov-plot"></div></div>
  </div>
  <p class="cov-reading" aria-live="polite" data-id="reading"></p>`;

// Fills `el` with the controls; returns its parts by their data-id.
function build(el, options) {
  const root = document.createElement("div");
  root.className = "change-of-variables";
  root.innerHTML = PAGE;
  const parts = { root };
  for (const node of root.querySelectorAll("[data-id]")) parts[node.dataset.id] = node;
  for (const node of root.querySelectorAll("input, select, button")) {
    node.dataset.lmSuppressShortcuts = "true"; // or JupyterLab and Notebook take the arrow keys
  }
  for (const name of [options.none, ...options.targets.map((target) => target.name)]) parts.target.add(new Option(name));
  for (const name of ["mu", "sigma"]) Object.assign(parts[name], { min: options[name][0], max: options[name][1], step: 0.01 });
  for (const [role, colour] of Object.entries(options.colours)) root.style.setProperty(`--cov-${role}`, colour);
  const bands = options.strips.map((colour, k, all) => `${colour} ${(100 * k) / all.length}% ${(100 * (k + 1)) / all.length}%`);
  parts.ramp.style.background = `linear-gradient(90deg, ${bands})`;
  el.replaceChildren(root);
  return parts;
}

function svg(name, attributes, parent, text = "") {
  const node = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  node.textContent = text;
  parent.append(node);
  return node;
}

// Draws the axes of a panel and empty curves; returns the curves, and the pixels of x and of a height.
function drawFrame(plot, options, { label, domain, ticks, top }, width) {
  const inner = { width: width - MARGIN.left - MARGIN.right, height: HEIGHT - MARGIN.top - MARGIN.bottom };
  const x = (value) => ((value - domain[0]) / (domain[1] - domain[0])) * inner.width;
  const y = (height) => inner.height * (1 - height / top);
  plot.replaceChildren();
  const picture = svg("svg", { width, height: HEIGHT, role: "img" }, plot);
  const axes = svg("g", { transform: `translate(${MARGIN.left} ${MARGIN.top})` }, picture);
  for (const tick of ticks) {
    svg("line", { class: "cov-grid", x1: x(tick), x2: x(tick), y1: 0, y2: inner.height }, axes);
    svg("text", { x: x(tick), y: inner.height + 16, "text-anchor": "middle" }, axes, minus(`${tick}`));
  }
  for (let k = 0; k <= 6; k++) {
    const height = (top * k) / 6;
    svg("line", { class: "cov-grid", x1: 0, x2: inner.width, y1: y(height), y2: y(height) }, axes);
    svg("text", { x: -6, y: y(height) + 4, "text-anchor": "end" }, axes, `${Number(height.toFixed(2))}`);
  }
  svg("text", { x: inner.width / 2, y: inner.height + 34, "text-anchor": "middle" }, axes, label);
  const middle = `translate(-40 ${inner.height / 2}) rotate(-90)`;
  const upright = svg("text", { transform: middle, "text-anchor": "middle" }, axes);
  // a nested svg clips what leaves it
  const frame = svg("svg", { x: MARGIN.left, y: MARGIN.top, ...inner }, picture);
  const under = svg("path", { class: "cov-p-area" }, frame);
  const filled = options.strips.map((fill) => svg("path", { class: "cov-strip", fill }, frame));
  const p = svg("path", { class: "cov-p" }, frame);
  const q = svg("path", { class: "cov-q" }, frame);
  const cut = svg("text", { x: inner.width / 2, y: 14, "text-anchor": "middle" }, frame);
  return { picture, upright, under, filled, p, q, cut, x, y };
}

// The two panels: which coordinate goes to the right, and which height q and p have there.
function panels({ jacobian }, { line }) {
  const unit = { label: "θ", domain: [0, 1], ticks: [0, 0.25, 0.5, 0.75, 1], across: "theta", p: "carried" };
  return {
    line: { label: "ζ", domain: line, ticks: grid(...line, 5), across: "zeta", q: "bare", p: "bare", full: "bare" },
    // "full" sets the scale, which is the same with and without the Jacobian, so that one sees what it does
    unit: { ...unit, q: jacobian ? "carried" : "bare", full: "carried" },
  };
}

function drawCurves({ picture, upright, under, filled, p, q, cut, x, y }, panel, pieces, target) {
  const at = (d, height) => `${x(d[panel.across]).toFixed(2)} ${y(d[height]).toFixed(1)}`;
  const path = (points, height) => points.map((d) => at(d, height)).join("L");
  const foot = (points, k) => `${x(points.at(k)[panel.across]).toFixed(2)} ${y(0)}`;
  const closed = (points, height) => `M${foot(points, 0)}L${path(points, height)}L${foot(points, -1)}Z`;
  pieces.forEach((points, k) => filled[k].setAttribute("d", closed(points, panel.q)));
  q.setAttribute("d", `M${path(pieces.flat(), panel.q)}`);
  under.setAttribute("d", target.length ? closed(target, panel.p) : "");
  p.setAttribute("d", target.length ? `M${path(target, panel.p)}` : "");
  upright.textContent = panel.q === panel.full ? "density" : "q(ζ), not a density";
  const peak = Math.max(...pieces.flat().map((d) => d[panel.q]));
  cut.textContent = peak > panel.top ? `peak of q: ${Math.round(peak)} ↑` : "";
  picture.setAttribute("aria-label", `q over ${panel.label}, in ten strips; its peak is ${peak.toPrecision(2)}`);
}

// The least of the allowed heights that holds both curves, where one of them does.
function topOf({ full, p }, pieces, target, { tops, edge }) {
  const seen = target.filter(({ theta }) => full === "bare" || (theta > edge && theta < 1 - edge));
  const peak = Math.max(...pieces.flat().map((d) => d[full]), ...seen.map((d) => d[p]));
  return tops.find((top) => top >= peak) ?? tops.at(-1);
}

function drawControls(parts, { mu, sigma, target, jacobian }, options) {
  for (const [name, value] of Object.entries({ mu, sigma })) {
    parts[name].value = value;
    parts[`${name}-value`].textContent = show(value);
  }
  parts.target.value = target;
  parts.jacobian.checked = jacobian;
  parts.best.disabled = target === options.none;
  parts["target-key"].hidden = target === options.none;
  parts["target-name"].textContent = `target p: ${target}`;
  parts.title.innerHTML = `θ = 1/(1 + e<sup>−ζ</sup>): <i>q</i>(ζ)${jacobian ? " / (θ(1 − θ))" : ", no Jacobian"}`;
}

function drawReading(parts, state, options) {
  const each = areas(state, options);
  const [total, least, most] = [each.reduce((sum, a) => sum + a, 0), Math.min(...each), Math.max(...each)].map(short);
  const text = state.jacobian
    ? `Area on (0, 1): ${total}, with ${least} in every strip`
    : `Area on (0, 1): ${total}, with ${least} to ${most} in a strip, so this is no density`;
  if (parts.reading.textContent !== text) parts.reading.textContent = text; // it is spoken when it changes
}

function render({ model, el }) {
  const options = model.get("options");
  const parts = build(el, options);
  const drawn = {};

  const redraw = () => {
    const state = stateOf(model);
    const pieces = strips(state, options, DRAWN);
    const chosen = targetOf(state, options);
    const target = chosen ? targetPoints(chosen) : [];
    for (const [name, panel] of Object.entries(panels(state, options))) {
      const width = Math.floor(parts[name].clientWidth);
      if (width === 0) continue; // the view is not on the page
      panel.top = topOf(panel, pieces, target, options);
      const key = `${panel.top} ${width}`;
      if (drawn[name]?.key !== key) drawn[name] = { key, ...drawFrame(parts[name], options, panel, width) };
      drawCurves(drawn[name], panel, pieces, target);
    }
    drawControls(parts, state, options);
    drawReading(parts, state, options);
  };

  for (const name of ["mu", "sigma"]) parts[name].addEventListener("input", () => change(model, { [name]: Number(parts[name].value) }));
  parts.target.addEventListener("change", () => change(model, { target: parts.target.value }));
  parts.jacobian.addEventListener("change", () => change(model, { jacobian: parts.jacobian.checked }));
  parts.best.addEventListener("click", () => change(model, targetOf(stateOf(model), options).best));
  model.on("change:state", redraw);
  const observer = new ResizeObserver(redraw);
  for (const name of ["line", "unit"]) observer.observe(parts[name]);
  redraw();
  return () => {
    observer.disconnect();
    model.off("change:state", redraw);
  };
}

export default { render };
