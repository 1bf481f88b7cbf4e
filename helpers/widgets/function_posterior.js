// The browser's side of function_posterior.py, after base.js. It computes from stored answers; the kernel is never asked.

const PANEL = { height: 340, margin: { left: 44, right: 10, top: 8, bottom: 38 } };
const SLIDERS = { width: "width", rows: "rows", prior_sd: "prior sd" };

// Numbers in single precision from base64.
const unpacked = (text) => new Float32Array(Uint8Array.from(atob(text), (sign) => sign.charCodeAt(0)).buffer);
const split = (values, size) => range(values.length / size).map((k) => values.subarray(k * size, (k + 1) * size));

// The stored answer to a setting: the settings stand in the order of the choices, the prior's sd the fastest.
function answerTo({ width, rows, prior_sd }, { choices, answers }) {
  const places = Object.entries({ width, rows, prior_sd }).map(([name, value]) => [choices[name], choices[name].indexOf(value)]);
  return answers[places.reduce((row, [allowed, place]) => row * allowed.length + place, 0)];
}

// The network's function on the grid, for weights in the order w1, b1, w2, b2.
function outputs(weights, grid) {
  const width = (weights.length - 1) / 3;
  const f = new Float64Array(grid.length).fill(weights[3 * width]);
  for (let j = 0; j < width; j++) {
    const [slope, shift, share] = [weights[j], weights[width + j], weights[2 * width + j]];
    for (let k = 0; k < f.length; k++) f[k] += share * Math.max(0, slope * grid[k] + shift);
  }
  return f;
}

// A quantile of values in order, between two of them by a straight line.
function quantile(ordered, share) {
  const place = share * (ordered.length - 1);
  const below = Math.floor(place);
  const above = Math.min(below + 1, ordered.length - 1);
  return ordered[below] + (place - below) * (ordered[above] - ordered[below]);
}

const etas = new WeakMap(); // the standard normal numbers of each draw of q, made once
function etasOf(options) {
  const pairs = (3 * options.choices.width.at(-1) + 2) / 2;
  const row = (draw) => range(pairs).flatMap((k) => normalPair(options.seed, draw * pairs + k));
  return etas.get(options) ?? etas.set(options, range(options.draws).map(row)).get(options);
}

// Functions drawn from q, and the band that holds most of them; made once for each answer.
const made = new WeakMap();
export function drawn(state, options) {
  const answer = answerTo(state, options);
  if (made.has(answer)) return made.get(answer);
  const q = unpacked(answer.q);
  const [mean, sd] = split(q, q.length / 2);
  const f = etasOf(options).map((eta) => outputs(range(mean.length).map((k) => mean[k] + sd[k] * eta[k]), options.x));
  const ordered = options.x.map((_, k) => new Float64Array(f.map((values) => values[k])).sort());
  const band = options.band.map((share) => ordered.map((values) => quantile(values, share)));
  return made.set(answer, { curves: f.slice(0, options.curves), band }).get(answer);
}

// The same of the exact posterior, stored; null where too few weighted draws count, or where it is not asked for.
export function exactly(state, options) {
  const answer = answerTo(state, options);
  if (!state.exact || !answer.band) return null;
  const draws = unpacked(answer.draws);
  const curves = split(draws, draws.length / options.curves).map((weights) => outputs(weights, options.x));
  return { curves, band: split(unpacked(answer.band), options.x.length) };
}

const measured = ([value, error]) => `${fixed(value, 2)} ± ${error.toFixed(2)}`;

// What was found, and where it comes from, as the lines that the reader sees.
export function read(state, options) {
  const { elbo, evidence, effective, band } = answerTo(state, options);
  const shown = state.exact && band;
  const gap = [evidence[0] - elbo[0], Math.hypot(elbo[1], evidence[1])];
  const more = `; log evidence = ${measured(evidence)}; KL(q‖posterior) = ${measured(gap)}`;
  const worth =
    `${options.drawn.toLocaleString("en")} draws of the first layer, weighted, ` +
    `are worth ${Math.round(effective).toLocaleString("en")}`;
  const exact = shown ? ` Exact: ${worth}.` : ` ${worth}: too few, not shown as exact.`;
  return {
    text: `ELBO = ${measured(elbo)}${shown ? more : ""} nats`,
    cost: `One of ${options.answers.length} stored answers. ADVI: best of ${options.fits} fits.${state.exact ? exact : ""}`,
  };
}

const page = ({ choices }) => `
  ${Object.entries(SLIDERS).map(([name, words]) => slider(name, words, [0, choices[name].length - 1], 1)).join("")}
  <div class="elbo-row"><label><input type="checkbox" data-id="exact"> exact posterior, too</label></div>
  <div class="elbo-row elbo-legend" aria-hidden="true">
    <span>${key(sample("advi"))} mean-field ADVI</span>
    <span data-id="exact-key">${key(sample("exact"))} exact posterior</span>
    <span>${key('<path class="fp-sine" d="M0 7H26"/>')} sin x</span>
    <span>${key('<path class="fp-data" d="M13 7h0"/>')} readings</span>
    <span>bands hold 90 % of f</span>
  </div>
  <div data-id="plot" class="elbo-plot"></div>
  <div aria-live="polite"><p class="elbo-reading" data-id="text"></p><p class="elbo-cost" data-id="cost"></p></div>`;

const sample = (name) => `<g class="fp-${name}"><path class="fp-band" d="M0 2H26V12H0Z"/>
  <path class="fp-curve" d="M0 7H26"/></g>`;

// The band and the functions of one posterior, as one group.
function posterior(name, { band, curves }, at) {
  const points = (values) => Array.from(values, (value, k) => at(k, value));
  const [low, high] = band.map(points);
  const lines = curves.map((values) => `<path class="fp-curve" d="${line(points(values))}"/>`);
  return `<g class="fp-${name}">
    <path class="fp-band" d="${line([...low, ...high.reverse()])}Z"/>${lines.join("")}
    <path class="fp-edge" d="${line(low)}${line(high)}"/>
  </g>`;
}

function functions(advi, exact, text, data, { x: grid, limits }, width) {
  const axis = (label, ends) => ({ label, ends, ticks: ticks(ends, 1) });
  const { x, y, svg } = panel({ ...PANEL, width }, axis("x", [grid[0], grid.at(-1)]), axis("f(x)", limits));
  const at = (k, value) => [x(grid[k]), y(value)];
  const sine = line(grid.map((value, k) => at(k, Math.sin(value))));
  const dots = data.map(([across, up]) => `M${limited(x(across))} ${limited(y(up))}h0`).join("");
  const words = `functions from ${exact ? "both posteriors" : "the fit"}, and ${data.length} readings. ${text}`;
  return svg(
    words,
    `${exact ? posterior("exact", exact, at) : ""}${posterior("advi", advi, at)}
     <path class="fp-sine" d="${sine}"/><path class="fp-data" d="${dots}"/>`,
  );
}

// Makes the controls change the model.
function connect(parts, model, { choices }) {
  const on = controlling(parts, model);
  for (const name of Object.keys(SLIDERS)) on(name, "input", ({ value }) => ({ [name]: choices[name][value] }));
  on("exact", "change", ({ checked }) => ({ exact: checked }));
}

function drawState(parts, state, options) {
  const words = { width: state.width === 1 ? "1 unit" : `${state.width} units`, rows: `${state.rows} readings` };
  for (const name of Object.keys(SLIDERS)) {
    place(parts, name, options.choices[name].indexOf(state[name]), words[name] ?? `${state[name]}`);
  }
  parts.exact.checked = state.exact;
  const [advi, exact, said] = [drawn(state, options), exactly(state, options), read(state, options)];
  drawPlots(parts, { plot: (width) => functions(advi, exact, said.text, options.data[state.rows], options, width) });
  parts["exact-key"].hidden = !exact;
  for (const name of ["text", "cost"]) say(parts[name], said[name]);
}

export default {
  initialize: fromStart,
  render: viewing({ name: "function-posterior", plots: ["plot"], page, connect, drawState }),
};
