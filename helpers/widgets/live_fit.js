// The browser's side of live_fit.py, after base.js. All is computed here; the kernel is never asked. The state: what
// the reader has chosen, `steps` (how many are taken) and `running`. The fit follows from them: whoever moves a slider
// sees the same steps again, with the same draws, as they would have been.

const PANEL = { height: 270, margin: { left: 50, right: 12, top: 8, bottom: 38 } };
const SPEED = 0.15; // steps a millisecond
const AT_ONCE = 4000; // draws in one frame; what is left comes in the next ones
const EVERY = 10; // steps from one exact loss to the next
const START = [0, 0, 0, 0, 0]; // φ = (μ, log diagonal of L, the entry below it): N(0, I)

// The draws η of one step, pairs of standard normal numbers.
export const normals = ({ seed, draws }, step) => range(draws).map((draw) => normalPair(seed, step * draws + draw));

// log(1 + e^z).
const softplus = (z) => Math.max(z, 0) + Math.log1p(Math.exp(-Math.abs(z)));

// log p̃ at ζ, in nats, and its two slopes.
function logJoint(a, b, { data: [x, y], prior_sd }) {
  const variance = prior_sd ** 2;
  let value = (-0.5 * (a * a + b * b)) / variance - Math.log(2 * Math.PI * variance);
  let slopeA = -a / variance;
  let slopeB = -b / variance;
  let product = 1; // of all 1 + e^−|logit|, at most 2^100: one logarithm for all rows
  for (let row = 0; row < x.length; row++) {
    const logit = a + b * x[row];
    const small = Math.exp(-Math.abs(logit));
    const left = y[row] - (logit > 0 ? 1 : small) / (1 + small);
    product *= 1 + small;
    value += y[row] * logit - Math.max(logit, 0);
    slopeA += left;
    slopeB += left * x[row];
  }
  return [value - Math.log(product), slopeA, slopeB];
}

// −ELBO and its gradient with respect to φ, both from the draws of one step.
export function estimate([mu1, mu2, log1, log2, c], etas, { family, stl }, options) {
  const [a, b] = [Math.exp(log1), Math.exp(log2)];
  let loss = -log1 - log2 - Math.log(2 * Math.PI);
  const gradient = [0, 0, stl ? 0 : -1, stl ? 0 : -1, 0];
  for (const [eta1, eta2] of etas) {
    const [logP, slope1, slope2] = logJoint(mu1 + a * eta1, mu2 + c * eta1 + b * eta2, options);
    loss += (-0.5 * (eta1 * eta1 + eta2 * eta2) - logP) / etas.length;
    // of log q − log p̃ in ζ; log q's own slope is −(L⁻¹)ᵀη
    const up2 = -slope2 - (stl ? eta2 / b : 0);
    const up1 = -slope1 - (stl ? (eta1 - (c * eta2) / b) / a : 0);
    const parts = [up1, up2, up1 * eta1 * a, up2 * eta2 * b, family === "full-rank" ? up2 * eta1 : 0];
    parts.forEach((part, k) => (gradient[k] += part / etas.length));
  }
  return { loss, gradient };
}

// −ELBO without noise, by quadrature over each row's logit, which is normal under q.
export function exactLoss([mu1, mu2, log1, log2, c], { data: [x, y], prior_sd, quadrature: [nodes, weights] }) {
  const [a, b] = [Math.exp(log1), Math.exp(log2)];
  const variance = prior_sd ** 2;
  const squares = mu1 * mu1 + mu2 * mu2 + a * a + b * b + c * c;
  let loss = (0.5 * squares) / variance + Math.log(variance) - log1 - log2 - 1;
  for (let row = 0; row < x.length; row++) {
    const [mean, sd] = [mu1 + mu2 * x[row], Math.hypot(a + c * x[row], b * x[row])];
    loss -= y[row] * mean;
    for (let k = 0; k < nodes.length; k++) loss += weights[k] * softplus(mean + sd * nodes[k]);
  }
  return loss;
}

// One step of Adam: adds to what has been run.
function step(run, state, options) {
  const t = run.estimates.length;
  const phi = run.path[t];
  const { loss, gradient } = estimate(phi, normals(state, t), state, options);
  run.mean = run.mean.map((mean, k) => 0.9 * mean + 0.1 * gradient[k]);
  run.square = run.square.map((square, k) => 0.99 * square + 0.01 * gradient[k] ** 2);
  const rate = state.rate * (state.decay ? 0.5 * (1 + Math.cos((Math.PI * t) / options.steps)) : 1);
  const [bias, noise] = [1 - 0.9 ** (t + 1), 1 - 0.99 ** (t + 1)];
  const direction = (k) => run.mean[k] / bias / (Math.sqrt(run.square[k] / noise) + 1e-8);
  run.path.push(phi.map((value, k) => value - rate * direction(k)));
  run.estimates.push(loss);
}

const runs = new WeakMap(); // the last run of each model, by its options

// The fit of a state, as far as its steps, or as `most` new draws take it: φ after each step, from 0 on, the estimates of
// −ELBO that the steps saw, and its exact values at every tenth.
export function fit(state, options, most = Infinity) {
  const { steps, running, ...chosen } = state;
  let run = runs.get(options);
  if (!run || !same(chosen, run.chosen)) {
    run = { chosen, path: [START], estimates: [], exact: [], mean: START, square: START };
    runs.set(options, run);
  }
  const end = Math.min(steps, run.estimates.length + Math.ceil(most / state.draws));
  while (run.estimates.length < end) step(run, state, options);
  while (EVERY * run.exact.length < run.path.length) run.exact.push(exactLoss(run.path[EVERY * run.exact.length], options));
  return run;
}

const page = ({ families, steps, rates, draws }) => `
  <div class="elbo-row">
    <button type="button" data-id="run">Run</button>
    <button type="button" data-id="one">One step</button>
    <button type="button" data-id="reset">Reset</button>
    <button type="button" data-id="reseed">Take other draws</button>
  </div>
  ${slider("steps", "step", [0, steps], 1)}
  ${slider("rate", "learning rate", rates.map(Math.log10), 0.05)}
  ${slider("draws", "draws a step", [0, draws.length - 1], 1)}
  <div class="elbo-row">
    ${menu("family", "q is", families)}
    <label><input type="checkbox" data-id="stl"> sticking the landing</label>
    <label><input type="checkbox" data-id="decay"> let the rate decay</label>
  </div>
  <div class="elbo-row elbo-legend" aria-hidden="true">
    <span>${key('<ellipse class="lf-posterior" cx="13" cy="7" rx="12" ry="6"/>')} posterior</span>
    <span>${key('<ellipse class="lf-q" cx="13" cy="7" rx="11" ry="5"/>')} q</span>
    <span>${key('<path class="lf-path" d="M0 12Q9 1 26 4"/>')} path of the mean</span>
    <span>${key('<path class="lf-estimates" d="M0 10L9 4L17 9L26 3"/>')} estimates</span>
    <span>${key('<path class="lf-q" d="M0 7H26"/>')} exact loss</span>
    <span>${key('<path class="lf-best" d="M0 7H26"/>')} best q</span>
    <span>lines around 50 % and 95 %</span>
  </div>
  <div class="elbo-panels">
    <div><b>q and the posterior</b><div data-id="plane" class="elbo-plot"></div></div>
    <div><b>The loss, in its last few nats</b><div data-id="loss" class="elbo-plot"></div></div>
  </div>
  <div data-id="live"><p class="elbo-reading" data-id="reading"></p><p class="elbo-cost" data-id="paid"></p></div>`;

function plane({ path }, { steps, family }, { contours, radii, best, window: [a, b] }, width) {
  const across = { label: "intercept", ends: a, ticks: ticks(a, 1) };
  const { x, y, svg } = panel({ ...PANEL, width }, across, { label: "slope", ends: b, ticks: ticks(b, 1) });
  const draw = (name, points) => `<path class="lf-${name}" d="${line(points.map(([a, b]) => [x(a), y(b)]))}"/>`;
  const around = ([mu1, mu2, log1, log2, below], radius) =>
    ellipse([mu1, mu2], [Math.exp(log1), below, Math.exp(log2)], radius);
  const [mu1, mu2, log1, log2] = path[steps].map((value) => fixed(value, 2));
  return svg(
    `the posterior, and q with means ${mu1} and ${mu2} after ${steps} steps`,
    `${contours.map((points) => draw("posterior", points)).join("")}${draw("path", path.slice(0, steps + 1))}
     ${draw("best", around(best[family].phi, radii[0]))}
     ${radii.map((radius) => draw("q", around(path[steps], radius))).join("")}`,
  );
}

function losses({ estimates, exact }, { steps, family }, { losses, best, steps: all }, width) {
  const across = { label: "step", ends: [0, 1.03 * all], ticks: ticks([0, all], all / 4) };
  const up = { label: "loss, −ELBO (nats)", ends: losses, ticks: ticks(losses, 2) };
  const { x, y, svg } = panel({ ...PANEL, width }, across, up);
  const draw = (name, points) => (points.length ? `<path class="lf-${name}" d="${line(points)}"/>` : "");
  const noisy = estimates.slice(0, steps).map((loss, k) => [x(k), y(loss)]);
  const last = Math.floor(steps / EVERY);
  const quiet = exact.slice(0, last + 1).map((loss, k) => [x(EVERY * k), y(loss)]);
  const least = y(best[family].loss);
  const words = `the loss at each of ${steps} steps, down from ${fixed(exact[0], 0)} nats, and the least possible`;
  const [now, top] = [exact[last], losses[1]];
  const above = now > top ? `<text x="${x(0.3 * all)}" y="16">loss: ${fixed(now, 0)} nats ↑</text>` : "";
  return svg(
    words,
    `${draw("estimates", noisy)}<path class="lf-best" d="M0 ${least}H${x(all)}"/>${draw("q", quiet)}${above}`,
  );
}

const grouped = (count) => count.toLocaleString("en");
const amount = (draws) => `${draws} draw${draws > 1 ? "s" : ""}`;

export function describe({ path }, { steps, family }, options) {
  const [loss, least] = [exactLoss(path[steps], options), options.best[family].loss];
  const above = loss - least < 0.001 ? "less than 0.001" : fixed(loss - least, 3);
  return `Step ${grouped(steps)}: loss ${fixed(loss, 2)} nats, ${above} above the best ${family} q, ${fixed(least, 2)}`;
}

// Makes the controls change the model. Returns a function that ends a fit that is under way.
function connect(parts, model, { draws, steps: all }) {
  const on = controlling(parts, model);
  const begun = ({ steps, running }) => (steps < all || running ? {} : { steps: 0 }); // after the end, once more
  on("run", "click", () => ({ ...begun(stateOf(model)), running: !stateOf(model).running }));
  on("one", "click", () => ({ steps: Math.min(all, stateOf(model).steps + 1), running: false }));
  on("steps", "input", ({ value }) => ({ steps: Number(value), running: false }));
  on("reset", "click", () => ({ ...model.get("start"), steps: 0, running: false }));
  on("reseed", "click", () => ({ seed: (stateOf(model).seed + 1) % 2 ** 32 }));
  // two digits: the rate that is shown is the rate that is used
  on("rate", "input", ({ value }) => ({ rate: Number((10 ** value).toPrecision(2)) }));
  on("draws", "input", ({ value }) => ({ draws: draws[value] }));
  on("family", "change", ({ value }) => ({ family: value }));
  for (const name of ["stl", "decay"]) on(name, "change", ({ checked }) => ({ [name]: checked }));
  return () => cancelAnimationFrame(parts.timer);
}

function drawState(parts, state, options) {
  cancelAnimationFrame(parts.timer);
  const run = fit(state, options, AT_ONCE);
  const reached = Math.min(state.steps, run.estimates.length);
  if (reached < state.steps) parts.timer = requestAnimationFrame(() => drawState(parts, state, options)); // go on
  const shown = { ...state, steps: reached };
  drawPlots(parts, {
    plane: (width) => plane(run, shown, options, width),
    loss: (width) => losses(run, shown, options, width),
  });
  const { steps, rate, draws, family, running } = state;
  place(parts, "steps", steps, grouped(steps));
  place(parts, "rate", Math.log10(rate), `${rate}`); // the slider holds log₁₀ of the rate
  place(parts, "draws", options.draws.indexOf(draws), `${draws}`);
  parts.family.value = family;
  for (const name of ["stl", "decay"]) parts[name].checked = state[name];
  say(parts.run, running ? "Pause" : "Run");
  parts.live.setAttribute("aria-live", running ? "off" : "polite"); // nobody wants to hear every step
  if (reached === steps) say(parts.reading, describe(run, state, options));
  say(parts.paid, `${grouped(steps)} steps of ${amount(draws)}: ${grouped(steps * draws)} gradients of log p̃`);
}

// Runs once a model: takes steps, frame by frame, while the state says so.
function initialize({ model }) {
  const { steps: all } = model.get("options");
  let [timer, since] = [0, 0];
  const frame = (now) => {
    timer = 0;
    const { steps, running } = stateOf(model);
    if (!running) return;
    const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
    const due = still ? all : Math.min(50, Math.floor((now - since) * SPEED));
    since = due === 50 ? now : since + due / SPEED; // a slow machine takes fewer
    timer = requestAnimationFrame(frame);
    const reached = Math.min(all, steps + Math.max(0, due));
    if (due > 0) change(model, { steps: reached, running: reached < all });
  };
  const changed = () => {
    if (timer || !stateOf(model).running) return;
    since = performance.now();
    timer = requestAnimationFrame(frame);
  };
  const deaf = listen(model, { "change:state": changed });
  fromStart({ model }, { steps: 0 });
  change(model, { running: false });
  return () => {
    cancelAnimationFrame(timer);
    deaf();
  };
}

export default { initialize, render: viewing({ name: "live-fit", plots: ["plane", "loss"], page, connect, drawState }) };
