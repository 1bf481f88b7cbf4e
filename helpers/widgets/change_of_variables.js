// The browser's side of change_of_variables.py, after base.js. All is computed here; the kernel is never asked. The
// state: mu, sigma, target and jacobian (whether q is carried with it).

const PANEL = { height: 250, margin: { left: 52, right: 14, top: 8, bottom: 38 }, grid: true };
// how far q goes on each side of μ, and its step, both in sds of q
const DRAWN = { reach: 5, step: 0.02 };
const SUMMED = { reach: 8, step: 0.005 };

const short = (area) => (area > 1e-6 && area < 0.01 ? area.toPrecision(2) : area.toFixed(3));
const sigmoid = (zeta) => 1 / (1 + Math.exp(-zeta));
const slope = (zeta) => sigmoid(zeta) * sigmoid(-zeta); // dθ/dζ = θ(1 − θ), precise in both tails
const softplus = (x) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));
const grid = (from, to, step) => {
  const steps = Math.ceil((to - from) / step);
  return range(steps + 1).map((k) => from + ((to - from) * k) / steps);
};

// A point of a density of ζ: its height on the line, and its height on (0, 1) with and without the Jacobian.
const point = (zeta, density) => ({ zeta, theta: sigmoid(zeta), bare: density, carried: density / slope(zeta) });

const LINE = { label: "ζ", height: "density", step: 5, across: "zeta", q: "bare", p: "bare", full: "bare" };

// q's strips of equal probability, each a list of points.
function strips({ mu, sigma }, { inner_edges }, { reach, step }) {
  const edges = [-reach, ...inner_edges, reach];
  const peak = 1 / (sigma * Math.sqrt(2 * Math.PI));
  const at = (z) => point(mu + sigma * z, peak * Math.exp((-z * z) / 2));
  return edges.slice(1).map((to, k) => grid(edges[k], to, step).map(at));
}

const targetOf = ({ target }, { targets }) => targets.find(({ name }) => name === target); // undefined for "none"
const viewOf = (state, options) => targetOf(state, options)?.view ?? options.view;

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

const share = (k, { length }) => `${(100 * k) / length}%`;
const bands = (strips) => strips.map((colour, k) => `${colour} ${share(k, strips)} ${share(k + 1, strips)}`);
const ramp = (strips) => `linear-gradient(90deg, ${bands(strips)})`;
const page = ({ mu, sigma, targets, none, strips }) => `
  <div class="elbo-row">
    ${menu("target", "Target p", [none, ...targets.map(({ name }) => name)])}
    <button type="button" data-id="best">Best q</button>
    <label><input type="checkbox" data-id="jacobian"> with the Jacobian</label>
  </div>
  ${slider("mu", "mean μ of q", mu, 0.01)}
  ${slider("sigma", "sd σ of q", sigma, 0.01)}
  <div class="elbo-row elbo-legend">
    <span><span class="cov-swatch" style="background: ${ramp(strips)}"></span>q, in strips of 10 % each</span>
    <span data-id="target-key"><span class="cov-swatch cov-p-swatch"></span><span data-id="target-name"></span></span>
  </div>
  <div class="elbo-panels">
    <div><div class="cov-title">ζ on the real line: <i>q</i>(ζ)</div><div data-id="line" class="elbo-plot"></div></div>
    <div><div class="cov-title" data-id="title"></div><div data-id="unit" class="elbo-plot"></div></div>
  </div>
  <p class="elbo-reading" aria-live="polite" data-id="reading"></p>`;

// The two panels: which coordinate goes to the right, and which height q and p have there. "full" sets the scale, which
// is the same with and without the Jacobian, so that one sees what it does.
function panels(state, options) {
  const view = viewOf(state, options);
  const ends = { ends: [view.from, 1], step: (1 - view.from) / 4 };
  const unit = { ...view, ...ends, label: "θ", across: "theta", p: "carried", full: "carried" };
  const [q, height] = state.jacobian ? ["carried", "density"] : ["bare", "q(ζ), not a density"];
  return {
    line: { ...options.view, ...LINE, ends: options.line },
    unit: { ...unit, q, height },
  };
}

// The least of the allowed heights that holds both curves, where one of them does.
function topOf({ full, p, tops, edge }, pieces, target) {
  const seen = target.filter(({ theta }) => full === "bare" || (theta > edge && theta < 1 - edge));
  const peak = Math.max(...pieces.flat().map((d) => d[full]), ...seen.map((d) => d[p]));
  return tops.find((top) => top >= peak) ?? tops.at(-1);
}

// Draws the axes of a panel and empty curves; returns the curves, and the pixels of a point.
function drawFrame(plot, { label, ends, step, height }, top, { strips }, width) {
  const heights = range(7).map((k) => (top * k) / 6);
  const across = { label, ends, ticks: grid(...ends, step).map((value) => [value, `${Number(value.toFixed(4))}`]) };
  const up = { label: height, ends: [0, top], ticks: heights.map((value) => [value, `${Number(value.toFixed(2))}`]) };
  const { x, y, inner, svg } = panel({ ...PANEL, width }, across, up);
  const filled = strips.map((fill) => `<path class="cov-strip" fill="${fill}"/>`);
  plot.innerHTML = svg(
    "",
    `<g><path class="cov-p-area"/>${filled.join("")}<path class="cov-p"/><path class="cov-q"/></g>
     <text class="cov-cut" x="${inner.width / 2}" y="14" text-anchor="middle"></text>`,
  );
  const [picture, cut] = [plot.firstElementChild, plot.querySelector(".cov-cut")];
  return { x, y, picture, cut, paths: [...cut.previousElementSibling.children] };
}

// `target` has no points where none is chosen.
function drawCurves({ x, y, picture, cut, paths }, { label, across, q, p }, top, pieces, target) {
  const curve = (points, height) => points.map((d) => [x(d[across]), y(d[height])]);
  const foot = (d) => [x(d[across]), y(0)];
  const area = (points, height) => `${line([foot(points[0]), ...curve(points, height), foot(points.at(-1))])}Z`;
  const filled = pieces.map((points) => area(points, q));
  const [under, edge] = target.length ? [area(target, p), line(curve(target, p))] : ["", ""];
  [under, ...filled, edge, line(curve(pieces.flat(), q))].forEach((d, k) => paths[k].setAttribute("d", d));
  const peak = Math.max(...pieces.flat().map((d) => d[q]));
  cut.textContent = peak > top ? `peak of q: ${Math.round(peak)} ↑` : "";
  picture.setAttribute("aria-label", `q over ${label}, in ten strips; its peak is ${peak.toPrecision(2)}`);
}

function drawState(parts, state, options) {
  const drawn = (parts.drawn ??= {});
  const pieces = strips(state, options, DRAWN);
  const chosen = targetOf(state, options);
  const target = chosen ? targetPoints(chosen) : [];
  for (const [name, shown] of Object.entries(panels(state, options))) {
    const width = widthOf(parts[name]);
    if (width === 0) continue;
    const top = topOf(shown, pieces, target);
    const key = `${shown.height} ${shown.ends} ${top} ${width}`;
    if (drawn[name]?.key !== key) drawn[name] = { key, ...drawFrame(parts[name], shown, top, options, width) };
    drawCurves(drawn[name], shown, top, pieces, target);
  }
  for (const name of ["mu", "sigma"]) place(parts, name, state[name], fixed(state[name], 2));
  parts.target.value = state.target;
  parts.jacobian.checked = state.jacobian;
  parts.best.disabled = parts["target-key"].hidden = !chosen;
  parts["target-name"].textContent = `target p: ${state.target}`;
  const carried = state.jacobian ? " / (θ(1 − θ))" : ", no Jacobian";
  parts.title.innerHTML = `θ = 1/(1 + e<sup>−ζ</sup>): <i>q</i>(ζ)${carried}`;
  say(parts.reading, describe(state, areas(state, options)));
}

function describe({ jacobian }, each) {
  const [total, least, most] = [each.reduce((sum, a) => sum + a, 0), Math.min(...each), Math.max(...each)].map(short);
  return jacobian
    ? `Area on (0, 1): ${total}, with ${least} in every strip`
    : `Area on (0, 1): ${total}, with ${least} to ${most} in a strip, so this is no density`;
}

// Makes the controls change the model.
function connect(parts, model, options) {
  const on = controlling(parts, model);
  for (const name of ["mu", "sigma"]) on(name, "input", ({ value }) => ({ [name]: Number(value) }));
  on("target", "change", ({ value }) => ({ target: value }));
  on("jacobian", "change", ({ checked }) => ({ jacobian: checked }));
  on("best", "click", () => targetOf(stateOf(model), options).best);
}

export default {
  initialize: (given) => fromStart(given, { jacobian: true }),
  render: viewing({ name: "change-of-variables", plots: ["line", "unit"], page, connect, drawState }),
};
