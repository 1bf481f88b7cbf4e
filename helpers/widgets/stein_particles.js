// The browser's side of stein_particles.py, after base.js. All is computed here; the kernel is never asked.

const MARGIN = { left: 44, right: 10, top: 8, bottom: 38 };
const WIDEST = 520; // pixels
const BUDGET = 4; // ms of moving particles in one frame

// x ~ N(0, sdX²), and given x, y ~ N(curve(x), sdY²): the slopes of the log density.
const along = (sdX, sdY, curve, slope) => (x, y) => {
  const pull = (curve(x) - y) / sdY ** 2;
  return [-x / sdX ** 2 - pull * slope(x), pull];
};

const MODES = [[0.5, -1.8, -1.0], [0.3, 1.8, -1.0], [0.2, 0.3, 1.5]]; // of three modes: weight, x, y
function uphill(x, y) {
  const shares = MODES.map(([weight, a, b]) => weight * Math.exp((-0.5 * ((x - a) ** 2 + (y - b) ** 2)) / 0.55 ** 2));
  const total = shares.reduce((sum, share) => sum + share);
  const mean = (k) => MODES.reduce((sum, mode, i) => sum + (shares[i] / total) * mode[k], 0);
  return [(mean(1) - x) / 0.55 ** 2, (mean(2) - y) / 0.55 ** 2];
}

function outwards(x, y) {
  const r = Math.hypot(x, y);
  const pull = (2.0 - r) / 0.25 ** 2 / Math.max(r, 1e-12);
  return [pull * x, pull * y];
}

// The scores of helpers.truth.targets_2d: (x, y) → the slopes of the log density.
export const SCORES = {
  banana: along(1.2, 0.5, (x) => 0.4 * x * x - 1, (x) => 0.8 * x),
  donut: outwards,
  "bivariate normal": along(1.2, 0.6, (x) => 0.7 * x, () => 0.7),
  "three modes": uphill,
  squiggle: along(1.3, 0.35, (x) => Math.sin(2.5 * x), (x) => 2.5 * Math.cos(2.5 * x)),
};

// The k-th smallest of `values`, from 0, which it puts in another order (Hoare's selection).
function smallest(values, k) {
  let [low, high] = [0, values.length - 1];
  while (low < high) {
    const pivot = values[(low + high) >> 1];
    let [i, j] = [low, high];
    while (i <= j) {
      while (values[i] < pivot) i++;
      while (values[j] > pivot) j--;
      if (i > j) break;
      const moved = values[i];
      values[i++] = values[j];
      values[j--] = moved;
    }
    if (k <= j) high = j;
    else if (k >= i) low = i;
    else break;
  }
  return values[k];
}

// Squared distances of all pairs i < j. Points are one array here, x and y by turns.
function squaresOf(points) {
  const n = points.length / 2;
  const squares = new Float64Array((n * (n - 1)) / 2);
  let pair = 0;
  for (let i = 0; i < 2 * n; i += 2) {
    for (let j = i + 2; j < 2 * n; j += 2) {
      const [x, y] = [points[i] - points[j], points[i + 1] - points[j + 1]];
      squares[pair++] = x * x + y * y;
    }
  }
  return squares;
}

// The usual bandwidth: the median of all n² squared distances, over log(n + 1). n of them are 0, and each pair is there
// twice.
function usualBandwidth(points, squares = squaresOf(points)) {
  const n = points.length / 2;
  const values = squares.slice();
  const at = (place) => (place < n ? 0 : smallest(values, (place - n) >> 1));
  const middle = (n * n - 1) / 2;
  const median = (at(Math.ceil(middle)) + at(Math.floor(middle))) / 2;
  return median / Math.log(n + 1) || 1; // all in one place: any bandwidth will do
}

// The direction in which KL(q‖p) falls fastest, for each particle.
function direction(points, score, reach) {
  const squares = squaresOf(points);
  const bandwidth = reach * usualBandwidth(points, squares);
  const slopes = new Float64Array(points.length);
  for (let i = 0; i < points.length; i += 2) slopes.set(score(points[i], points[i + 1]), i);
  const phi = slopes.slice(); // a particle's own share
  let pair = 0;
  for (let i = 0; i < points.length; i += 2) {
    for (let j = i + 2; j < points.length; j += 2) {
      const kernel = Math.exp(-squares[pair++] / bandwidth);
      const x = (2 / bandwidth) * (points[i] - points[j]); // away from j
      const y = (2 / bandwidth) * (points[i + 1] - points[j + 1]);
      phi[i] += kernel * (slopes[j] + x);
      phi[i + 1] += kernel * (slopes[j + 1] + y);
      phi[j] += kernel * (slopes[i] - x);
      phi[j + 1] += kernel * (slopes[i + 1] - y);
    }
  }
  return phi.map((value) => value / (points.length / 2));
}

// One step of AdaGrad with a memory, its rate falling to 0: adds to what has been run.
function step(run, { reach, target }, { steps }) {
  const t = run.path.length - 1;
  const phi = direction(run.path[t], SCORES[target], reach);
  const memory = run.memory ?? phi.map((value) => value ** 2);
  run.memory = memory.map((value, k) => 0.9 * value + 0.1 * phi[k] ** 2);
  const pace = (k) => (0.1 * (1 - t / steps)) / (1e-6 + Math.sqrt(run.memory[k]));
  run.path.push(run.path[t].map((value, k) => value + pace(k) * phi[k]));
}

// The path of the particles: to the steps of a state, or as far as it gets `until` a time.
const runs = new WeakMap(); // the last run of each widget
export function pathOf(state, options, until = Infinity) {
  const { steps, ...chosen } = state;
  let run = runs.get(options);
  if (!run || !same(chosen, run.chosen)) {
    const [x, y, sd] = options.targets[state.target].start;
    const etas = range(state.particles).flatMap((k) => normalPair(state.seed, k));
    run = { chosen, path: [Float64Array.from(etas, (eta, k) => (k % 2 ? y : x) + sd * eta)] };
    runs.set(options, run);
  }
  while (run.path.length <= steps && performance.now() < until) step(run, state, options);
  return run.path;
}

// How the particles' means and sds compare with the target's, and what moved them, as the lines that the reader sees.
export function read(state, options) {
  const { target, particles, reach, steps } = state;
  const points = pathOf(state, options)[steps];
  const [means, sds] = options.targets[target].moments;
  const average = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const parts = ["x", "y"].map((axis, side) => {
    const values = points.filter((_, k) => k % 2 === side);
    const mean = average(values);
    const sd = Math.sqrt(average(values.map((value) => (value - mean) ** 2)));
    return `${axis}: mean ${fixed(mean, 2)} (true ${fixed(means[side], 2)}), sd ${fixed(sd, 2)} (true ${fixed(sds[side], 2)})`;
  });
  const bandwidth = () => `${particles} particles, bandwidth h = ${Number((reach * usualBandwidth(points)).toPrecision(2))}`;
  const moving = particles === 1 ? "one particle, which has no neighbours" : bandwidth();
  return { text: `${parts.join("; ")}.`, cost: `After ${steps} step${steps === 1 ? "" : "s"}: ${moving}.` };
}

const page = ({ names, counts, reach, steps }) => `
  <div class="elbo-row">
    ${menu("target", "target", names)}
    <button type="button" data-id="reseed">Another start</button>
  </div>
  ${slider("particles", "particles", [0, counts.length - 1], 1)}
  ${slider("reach", "bandwidth", reach.map(Math.log10), 0.1)}
  ${slider("steps", "steps", [0, steps], 1)}
  <div class="elbo-row elbo-legend" aria-hidden="true">
    <span>${key('<path class="sp-contour" d="M0 7H26"/>')} target, contours of its density</span>
    <span>${key(dotted("M13 7h0"))} particles</span>
  </div>
  <div data-id="plane" class="elbo-plot"></div>
  <div aria-live="polite"><p class="elbo-reading" data-id="text"></p><p class="elbo-cost" data-id="cost"></p></div>`;

// Dots, each with a rim in the colour of the page.
const dotted = (dots) => `<path class="sp-rim" d="${dots}"/><path class="sp-particle" d="${dots}"/>`;

// The paths of the contours, from the text that holds their points; a line ends where there is nothing between commas.
const paths = (contours, at) =>
  contours
    .split(",,")
    .map((points) => points.split(",").filter(Boolean))
    .map((points) => `${line(points.map((point) => at(point.split(" ").map((hundredths) => hundredths / 100))))}Z`)
    .join("");

function plane(points, { target, particles }, { targets }, width) {
  const { window: [across, up], contours } = targets[target];
  const inner = width - MARGIN.left - MARGIN.right;
  const height = 0.75 * inner + MARGIN.top + MARGIN.bottom; // one scale for both axes
  const { x, y, svg } = panel(
    { width, height, margin: MARGIN },
    { label: "x", ends: across, ticks: ticks(across, 2) },
    { label: "y", ends: up, ticks: ticks(up, 1) },
  );
  const at = ([a, b]) => [x(a), y(b)];
  const lines = `<path class="sp-contour" d="${paths(contours, at)}"/>`;
  const dot = (k) => `M${at([points[2 * k], points[2 * k + 1]]).map(limited).join(" ")}h0`;
  const dots = range(particles).map(dot).join("");
  return svg(`${particles} particles on the target ${target}`, lines + dotted(dots));
}

// Makes the controls change the model. Returns a function that ends a run that is under way.
function connect(parts, model, { counts }) {
  const on = controlling(parts, model);
  on("target", "change", (menu) => ({ target: menu.value }));
  on("particles", "input", (slider) => ({ particles: counts[slider.value] }));
  // two digits: the factor that is shown is the factor that is used
  on("reach", "input", (slider) => ({ reach: Number((10 ** slider.value).toPrecision(2)) }));
  on("steps", "input", (slider) => ({ steps: Number(slider.value) }));
  on("reseed", "click", () => ({ seed: (stateOf(model).seed + 1) % 2 ** 32 }));
  return () => cancelAnimationFrame(parts.timer);
}

function drawState(parts, state, options) {
  const { target, particles, reach, steps } = state;
  parts.target.value = target;
  place(parts, "particles", options.counts.indexOf(particles), `${particles}`);
  place(parts, "reach", Math.log10(reach), `${reach} × usual`); // the slider holds log₁₀ of the factor
  place(parts, "steps", steps, `${steps}`);
  cancelAnimationFrame(parts.timer);
  const path = pathOf(state, options, performance.now() + BUDGET);
  const reached = Math.min(steps, path.length - 1);
  const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
  if (reached < steps) parts.timer = requestAnimationFrame(() => drawState(parts, state, options)); // go on
  if (reached < steps && still) return;
  drawPlots(parts, { plane: (width) => plane(path[reached], state, options, Math.min(width, WIDEST)) });
  if (reached === steps) for (const [name, said] of Object.entries(read(state, options))) say(parts[name], said);
}

export default {
  initialize: fromStart,
  render: viewing({ name: "stein-particles", plots: ["plane"], page, connect, drawState }),
};
