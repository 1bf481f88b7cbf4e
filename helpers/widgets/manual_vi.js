// The browser's side of manual_vi.py, after base.js. All is computed here; the kernel is never asked.

const PANEL = { height: 270, margin: { left: 52, right: 10, top: 26, bottom: 42 }, grid: true };
const MOVE = { frames: 30, ms: 800 }; // of "Move to the optimum"

const logNormal = (theta, mu, sigma) => -0.5 * ((theta - mu) / sigma) ** 2 - Math.log(sigma * Math.sqrt(2 * Math.PI));
const logSum = (a, b) => Math.max(a, b) + Math.log1p(Math.exp(-Math.abs(a - b))); // log(eᵃ + eᵇ)

// log Φ(z): beyond 3 sd by the continued fraction of Mills' ratio, else by the series of Φ around 0 (Abramowitz & Stegun
// 1964, 26.2.14 and 26.2.11).
function logPhi(z) {
  if (z > 3) return Math.log1p(-Math.exp(logPhi(-z)));
  const log = logNormal(z, 0, 1);
  let [tail, term, total] = [-z, z, z];
  if (z < -3) {
    for (let k = 40; k > 0; k--) tail = k / tail - z;
    return log - Math.log(tail);
  }
  for (let odd = 3; odd < 80; odd += 2) total += term *= (z * z) / odd;
  return Math.log(0.5 + Math.exp(log) * total);
}

// The targets of helpers.truth.targets, with the arguments that they have there by default.
const LOG_DENSITIES = {
  "Student-t": (theta) => Math.log(2 / (Math.PI * Math.sqrt(3))) - 2 * Math.log1p(theta ** 2 / 3),
  Gumbel: (theta) => -theta - Math.exp(-theta),
  "two-normal mixture": (theta) => logSum(logNormal(theta, -3, 1), logNormal(theta, 3, 1.5)) - Math.LN2,
  "skew-normal": (theta) => Math.LN2 + logNormal(theta, 0, 1) + logPhi(4 * theta),
  Laplace: (theta) => -Math.abs(theta) - Math.LN2,
  "logit-Beta": (zeta) => Math.log(1001 * 1002) - 1001 * logSum(0, -zeta) - 2 * logSum(0, zeta),
};

const targetIn = ({ target }, { curves }) => ({ anchors: curves[target].anchors, log: LOG_DENSITIES[target] });
const normal = (mu, sigma) => ({ anchors: [[mu, sigma]], log: (theta) => logNormal(theta, mu, sigma) });

// ∫ f by Gauss–Legendre quadrature: halves a panel until that changes nothing.
function integrate(f, low, high, rule) {
  const one = (low, high) => {
    const [half, middle] = [(high - low) / 2, (low + high) / 2];
    let total = 0;
    for (let k = 0; k < rule[0].length; k++) total += rule[1][k] * f(middle + half * rule[0][k]);
    return half * total;
  };
  const refined = (low, high, whole) => {
    const middle = (low + high) / 2;
    const [left, right] = [one(low, middle), one(middle, high)];
    const apart = Math.abs(left + right - whole);
    const halve = apart > 1e-9 * Math.max(0.01, Math.abs(whole)) && low < middle && middle < high;
    return halve ? refined(low, middle, left) + refined(middle, high, right) : left + right;
  };
  return refined(low, high, one(low, high));
}

// KL(first‖second) in nats, on panels whose edges stand at doubling distances from every feature of both densities, as in
// helpers.truth.divergences.
function kl(first, second, rule) {
  const integrand = (theta) => {
    const log = first.log(theta);
    return log > -745 ? Math.exp(log) * (log - second.log(theta)) : 0; // below, e^log is 0
  };
  const reach = [0, ...range(64).map((k) => 2 ** (k - 3))];
  const all = [...first.anchors, ...second.anchors].flatMap(([centre, scale]) =>
    reach.flatMap((far) => [centre - far * scale, centre + far * scale]),
  );
  const edges = [...new Set(all)].sort((a, b) => a - b);
  return edges.slice(1).reduce((sum, edge, k) => sum + integrate(integrand, edges[k], edge, rule), 0);
}

// The objective of a state, in nats; the ELBO is that of the unnormalised target factor · p.
export function measure({ objective, mu, sigma, ...state }, options) {
  const [q, p] = [normal(mu, sigma), targetIn(state, options)];
  if (objective === "KL(p‖q)") return kl(p, q, options.quadrature);
  const divergence = kl(q, p, options.quadrature);
  return objective === "ELBO" ? Math.log(options.factor) - divergence : divergence;
}

// Four decimals, or a power of ten where they would not help.
function number(value) {
  if (Math.abs(value) < 9999.99995) return fixed(value, 4);
  const [mantissa, exponent] = value.toExponential(2).split("e+");
  return minus(`${mantissa} × 10${exponent.replace(/\d/g, (digit) => "⁰¹²³⁴⁵⁶⁷⁸⁹"[digit])}`);
}

const bests = new WeakMap(); // of each target and objective, its value; found once
function bestOf({ target, objective }, options) {
  const found = bests.get(options) ?? bests.set(options, {}).get(options);
  const q = options.curves[target].best[objective];
  return (found[`${target} ${objective}`] ??= measure({ target, objective, ...q }, options));
}

// The value and the distance from the best, in words, and in nats.
export function read(state, options) {
  const { objective } = state;
  const [value, best] = [measure(state, options), bestOf(state, options)];
  const raised = objective === "ELBO";
  const excess = Math.max(0, raised ? best - value : value - best);
  const evidence = Math.log(options.factor);
  const elbo = `ELBO = ${number(value)}, log evidence = log ${options.factor} = ${number(evidence)}`;
  const [closest] = options.bar;
  const at = `at the best, ${number(best)}, to within ${closest} nats`;
  return {
    excess,
    text: raised ? `${elbo}, gap = KL(q‖p) = ${number(evidence - value)}` : `${objective} = ${number(value)} nats`,
    words: excess < closest ? at : `${number(excess)} nats ${raised ? "below" : "above"} the best, ${number(best)}`,
  };
}

const TICKS = ["0.001", "0.01", "0.1", "1", "10", "100 nats"]
  .map((text, k) => `<span style="left: ${20 * k}%">${text}</span>`)
  .join("");
const page = ({ targets, objectives, mu, sigma }) => `
  <div class="elbo-row">${menu("target", "Target p", targets)}${menu("objective", "Objective", objectives)}</div>
  ${slider("mu", "mean μ of q", mu, 0.01)}
  ${slider("sigma", "sd σ of q", sigma.map(Math.log10), 0.005)}
  <div data-id="plot" class="elbo-plot"></div>
  <p class="elbo-reading" data-id="text"></p>
  <div class="mvi-words"><span>How far from the best</span><span data-id="words"></span></div>
  <div class="mvi-meter" role="meter" aria-label="How far from the best, in nats" data-id="meter"
    aria-valuemin="0" aria-valuemax="100"><div data-id="fill"></div></div>
  <div class="mvi-ticks" aria-hidden="true">${TICKS}</div>
  <div class="elbo-row">
    <button type="button" data-id="optimise">Move to the optimum</button>
    <button type="button" data-id="reset">Reset</button>
  </div>
  <div class="mvi-spoken" aria-live="polite" data-id="spoken"></div>`;

// Draws all that stands still while the reader drags; returns what moves, and the pixels of a point.
function drawPicture(plot, options, target, width) {
  const { top, density } = options.curves[target];
  const step = top > 0.6 ? 0.2 : top > 0.3 ? 0.1 : 0.05;
  const ends = options.picture;
  const across = { label: "θ", ends, ticks: ticks(ends, width < 562 ? 5 : 2) };
  const up = { label: "density", ends: [0, top], ticks: ticks([0, top], step, step < 0.1 ? 2 : 1) };
  const { x, y, inner, svg } = panel({ ...PANEL, width }, across, up);
  const curve = density.map((value, k) => [(k * inner.width) / (density.length - 1), y(value)]);
  const p = line([[0, inner.height], ...curve, [inner.width, inner.height]]);
  plot.innerHTML = svg("", `<path class="mvi-p" d="${p}Z"/><path class="mvi-q" data-part="q"/>`);
  const picture = plot.firstElementChild;
  const { left, right } = PANEL.margin;
  picture.insertAdjacentHTML(
    "beforeend",
    `<g transform="translate(${left} 14)">
       <rect class="mvi-p" y="-9" width="18" height="9"/><text x="24">target p: ${target}</text>
     </g>
     <text data-part="clipped" x="${width - right}" y="14" text-anchor="end"></text>`,
  );
  const [q, clipped] = picture.querySelectorAll("[data-part]");
  const legend = clipped.previousElementSibling;
  const after = legend.lastElementChild.getComputedTextLength() + 40;
  legend.innerHTML += `<line class="mvi-q" x1="${after}" x2="${after + 18}" y1="-4" y2="-4"/>
    <text x="${after + 24}">approximation q</text>`;
  return { picture, q, clipped, x, y };
}

function drawQ({ picture, q, clipped, x, y }, { target, mu, sigma }, top) {
  const peak = 1 / (sigma * Math.sqrt(2 * Math.PI));
  const zs = range(101).map((k) => (k - 50) / 10);
  q.setAttribute("d", line(zs.map((z) => [x(mu + sigma * z), y(peak * Math.exp((-z * z) / 2))])));
  clipped.textContent = peak > top ? `q’s peak: ${peak.toFixed(2)} ↑` : "";
  const words = `density of the target ${target} and of q, normal, μ ${fixed(mu, 2)}, σ ${fixed(sigma, 3)}`;
  picture.setAttribute("aria-label", words);
}

function drawState(parts, state, options) {
  const { target, objective, mu, sigma } = state;
  const width = widthOf(parts.plot);
  if (width > 0) {
    const key = `${target} ${width}`;
    if (parts.drawn?.key !== key) parts.drawn = { key, ...drawPicture(parts.plot, options, target, width) };
    drawQ(parts.drawn, state, options.curves[target].top);
  }
  parts.target.value = target;
  parts.objective.value = objective;
  place(parts, "mu", mu, fixed(mu, 2));
  place(parts, "sigma", Math.log10(sigma), fixed(sigma, 3)); // the slider holds log₁₀ σ
  drawReading(parts, read(state, options), options);
  Object.assign(parts.root.dataset, { mu, sigma }); // which state the reading is for
}

function drawReading({ root, text, words, fill, meter }, reading, { bar: [closest, farthest] }) {
  say(text, reading.text);
  say(words, reading.words);
  const share = Math.log(Math.max(reading.excess, closest) / closest) / Math.log(farthest / closest);
  fill.style.width = `${100 * Math.min(1, share)}%`;
  root.classList.toggle("mvi-best", share === 0);
  meter.setAttribute("aria-valuenow", Math.min(100, reading.excess));
  meter.setAttribute("aria-valuetext", reading.words);
}

// Moves (μ, ln σ) to `goal` in visible steps, until somebody else moves them. Returns a function that stops it.
function moveTo(model, goal) {
  const from = stateOf(model);
  const start = performance.now();
  const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
  let last = from;
  let step = 0;
  let timer = 0;
  const frame = () => {
    if (!same(stateOf(model), last)) return;
    const due = Math.floor(((performance.now() - start) / MOVE.ms) * MOVE.frames);
    const now = still ? MOVE.frames : Math.min(MOVE.frames, due);
    if (now !== step) {
      step = now;
      const t = step / MOVE.frames;
      const done = t * t * (3 - 2 * t);
      const mu = t < 1 ? from.mu + done * (goal.mu - from.mu) : goal.mu;
      const sigma = t < 1 ? from.sigma * (goal.sigma / from.sigma) ** done : goal.sigma;
      last = { ...from, mu, sigma };
      model.set("state", last);
    }
    if (step < MOVE.frames) timer = requestAnimationFrame(frame);
  };
  timer = requestAnimationFrame(frame);
  return () => cancelAnimationFrame(timer);
}

// Makes the controls change the model. Returns a function that stops a move that is under way.
function connect(parts, model, { curves }) {
  let stop = () => {};
  const on = controlling(parts, model);
  for (const name of ["target", "objective"]) on(name, "change", ({ value }) => ({ [name]: value }));
  on("mu", "input", ({ value }) => ({ mu: Number(value) }));
  // three decimals: the σ that is shown is the σ that is used
  on("sigma", "input", ({ value }) => ({ sigma: Number((10 ** value).toFixed(3)) }));
  on("reset", "click", () => model.get("start"));
  for (const control of [parts.mu, parts.sigma]) control.addEventListener("pointerdown", () => stop());
  parts.optimise.addEventListener("click", () => {
    stop();
    const { target, objective } = stateOf(model);
    stop = moveTo(model, curves[target].best[objective]);
  });
  return () => stop();
}

export default {
  initialize: fromStart,
  render: viewing({
    name: "manual-vi",
    plots: ["plot"],
    rest: ({ spoken, text, words }) => say(spoken, `${text.textContent}. ${words.textContent}`),
    ...{ page, connect, drawState },
  }),
};
