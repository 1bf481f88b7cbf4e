// The browser's side of khat_and_coverage.py, after base.js. All is computed here; the kernel is never asked.

const PANEL = { height: 270, margin: { left: 54, right: 12, top: 8, bottom: 38 } };

const page = ({ scales, tails, sizes }) => `
  ${slider("scale", "scale of q", scales, 0.01)}
  ${slider("tail", "tail of q", [0, tails.length - 1], 1)}
  ${slider("size", "dimensions", [0, sizes.length - 1], 1)}
  <div class="elbo-row"><button type="button" data-id="reset">Reset</button></div>
  <div class="elbo-row elbo-legend" aria-hidden="true">
    <span>${key('<path class="kc-target" d="M0 12Q13 -8 26 12"/>')} target</span>
    <span>${key('<path class="kc-inside" d="M0 1H26V13H0Z"/>')} inside q's 95 % interval</span>
    <span>${key('<path class="kc-q" d="M0 7H26"/>')} q</span>
    <span>${key('<path class="kc-tail" d="M5 7h0M13 7h0M21 7h0"/>')} largest ratios</span>
    <span>${key('<path class="kc-fitted" d="M0 7H26"/>')} fitted tail</span>
  </div>
  <div class="elbo-panels">
    <div><b>One coordinate</b><div data-id="curves" class="elbo-plot"></div></div>
    <div><b>Tail of the ratios</b><div data-id="ratios" class="elbo-plot"></div></div>
  </div>
  <div aria-live="polite">
    <p class="elbo-reading" data-id="khat"></p><p class="elbo-reading" data-id="coverage"></p>
    <p class="elbo-cost" data-id="exact"></p>
  </div>`;


let squares; // of the base draws: for the coordinates, then for the denominators of the ts

// log p − log q at each draw of q, up to a constant.
export function logRatios({ scale, df, size }, { sizes, tails, draws, seed }) {
  const [most, rest] = [Math.max(...sizes), Math.max(...tails.map(({ df }) => df))];
  const pairs = (most + rest) / 2;
  const row = (draw) => range(pairs).flatMap((k) => normalPair(seed, draw * pairs + k).map((value) => value ** 2));
  squares ??= range(draws).map(row);
  return squares.map((row) => {
    const far = sum(row.slice(0, size));
    if (df === null) return 0.5 * (1 - scale ** 2) * far;
    const below = sum(row.slice(most, most + df)); // the t is a normal over √(below / df)
    return 0.5 * ((df + size) * Math.log1p(far / below) - (scale ** 2 * far * df) / below);
  });
}

// Shape k and scale of the generalised Pareto that fits values above 0, given from the least, as ArviZ fits it (Zhang
// and Stephens 2009, with a weak prior that k is 0.5).
function pareto(values) {
  const count = values.length;
  const places = 30 + Math.floor(Math.sqrt(count));
  const quartile = values[Math.floor(count / 4 + 0.5) - 1];
  const shape = (b) => sum(values.map((value) => Math.log1p(-b * value))) / count;
  const all = range(places).map((j) => (1 - Math.sqrt(places / (j + 0.5))) / (3 * quartile) + 1 / values.at(-1));
  const logs = all.map((b) => count * (Math.log(-b / shape(b)) - shape(b) - 1));
  const weights = logs.map((value) => Math.exp(value - Math.max(...logs)));
  const b = sum(all.map((b, j) => b * weights[j])) / sum(weights);
  return [(count * shape(b) + 5) / (count + 10), -shape(b) / b];
}

// Ratios over their mean, from the least; the largest as the fitted tail has them; and k-hat.
export function tailOf(logRatio) {
  const logs = [...Float64Array.from(logRatio).sort()];
  const ratios = logs.map((value) => Math.exp(value - logs.at(-1)));
  const mean = sum(ratios) / ratios.length;
  const over = ratios.map((ratio) => ratio / mean);
  if (logs.at(-1) - logs[0] < 1e-9) return { ratios: over, smoothed: [], khat: -Infinity };
  const number = Math.floor(3 * Math.sqrt(ratios.length));
  const cutoff = ratios.at(-number - 1);
  const [khat, scale] = pareto(ratios.slice(-number).map((ratio) => ratio - cutoff));
  const quantile = (p) => cutoff + (scale * Math.expm1(-khat * Math.log1p(-p))) / khat;
  const smoothed = range(number).map((k) => Math.min(1, quantile((k + 0.5) / number)) / mean);
  return { ratios: over, smoothed, khat };
}

// P(|z| < half) of a standard normal z, by Simpson's rule.
export function inside(half) {
  const [end, count] = [Math.min(half, 10), 400];
  const weight = (k) => (k === 0 || k === count ? 1 : 2 + 2 * (k % 2));
  const parts = range(count + 1).map((k) => weight(k) * Math.exp(-0.5 * ((k * end) / count) ** 2));
  return ((sum(parts) * end) / count / 3) * Math.sqrt(2 / Math.PI);
}

const tailIn = ({ df }, { tails }) => tails.find((tail) => tail.df === df);

// k-hat, the coverage and the exact tail, as the lines that the reader sees.
export function describe(state, options, { khat } = tailOf(logRatios(state, options))) {
  const { scale, df } = state;
  const threshold = options.threshold.toFixed(2);
  const reliable = khat < options.threshold;
  const says = reliable ? `below ${threshold}: the weights can be relied on` : `above ${threshold}: nothing guarantees the weights`;
  const first = khat === -Infinity ? "k-hat: none, all ratios are alike" : `k-hat ${fixed(khat, 2)}, ${says}`;
  let exact = "the largest possible ratio is finite, so k is below 0";
  if (df === null && scale <= 1) exact = scale < 1 ? `k = 1 − s² = ${(1 - scale ** 2).toFixed(2)}` : "none, q is the target";
  const share = 100 * inside(scale * tailIn(state, options).half);
  return [first, `q's 95 % interval holds ${share.toFixed(1)} % of the target`, `Exact tail: ${exact}`];
}

function curves(state, options, width) {
  const { reach, densities } = options;
  const { df, half, top } = tailIn(state, options);
  const ends = [-reach, reach];
  const across = { label: "in sds of the target", ends, ticks: ticks(ends, 2) };
  const up = { label: "density", ends: [-0.06, densities[1]], ticks: ticks(densities, 0.5, 1) };
  const { x, y, svg } = panel({ ...PANEL, width }, across, up);
  const kernel = (z) => (df === null ? Math.exp(-0.5 * z * z) : (1 + (z * z) / df) ** (-0.5 * (df + 1)));
  const target = (at) => [x(at), y(Math.exp(-0.5 * at * at) / Math.sqrt(2 * Math.PI))];
  const q = (at) => [x(at), y((top * kernel(at / state.scale)) / state.scale)];
  const grid = (far) => range(201).map((k) => (far * (k - 100)) / 100);
  const end = state.scale * half;
  const held = [[x(-end), y(0)], ...grid(end).map(target), [x(end), y(0)]];
  const cap = (at) => `M${limited(x(at))} ${y(0) - 6}v12`;
  return svg(
    `the target, a standard normal, and q, whose 95 % interval reaches from −${fixed(end, 2)} to ${fixed(end, 2)}`,
    `<path class="kc-inside" d="${line(held)}Z"/><path class="kc-target" d="${line(grid(reach).map(target))}"/>
     <path class="kc-q" d="${line(grid(reach).map(q))}"/>
     <path class="kc-q" d="${line([[x(-end), y(0)], [x(end), y(0)]])}${cap(-end)}${cap(end)}"/>`,
  );
}

function ratios({ ratios, smoothed, khat }, { logs }, width) {
  const powers = ([low, high]) => ticks([low, high], 1).map(([value]) => [value, `${Number((10 ** value).toPrecision(1))}`]);
  const across = { label: "importance ratio, over the mean ratio", ends: logs.ratio, ticks: powers(logs.ratio) };
  const up = { label: "share of draws above", ends: logs.share, ticks: powers(logs.share) };
  const { x, y, svg } = panel({ ...PANEL, width }, across, up);
  const share = (k) => (ratios.length - k - 0.5) / ratios.length;
  const first = ratios.length - smoothed.length;
  const at = (ratio, k) => [x(Math.log10(ratio)), y(Math.log10(share(k)))];
  const points = ratios.map(at);
  const dots = points.slice(first).map(([across, up]) => `M${limited(across)} ${limited(up)}h0`);
  return svg(
    `the share of draws above each ratio, on logarithmic scales, and the tail that is fitted, with k-hat ${fixed(khat, 2)}`,
    `<path class="kc-ratios" d="${line(points)}"/><path class="kc-tail" d="${dots.join("")}"/>
     <path class="kc-fitted" d="${smoothed.length ? line(smoothed.map((ratio, k) => at(ratio, first + k))) : ""}"/>`,
  );
}

// Makes the controls change the model.
function connect(parts, model, { tails, sizes }) {
  const on = controlling(parts, model);
  on("scale", "input", ({ value }) => ({ scale: Number(value) }));
  on("tail", "input", ({ value }) => ({ df: tails[value].df }));
  on("size", "input", ({ value }) => ({ size: sizes[value] }));
  on("reset", "click", () => model.get("start"));
}

function drawState(parts, state, options) {
  const tail = tailOf(logRatios(state, options));
  drawPlots(parts, {
    curves: (width) => curves(state, options, width),
    ratios: (width) => ratios(tail, options, width),
  });
  const { scale, df, size } = state;
  place(parts, "scale", scale, fixed(scale, 2));
  place(parts, "tail", options.tails.indexOf(tailIn(state, options)), df === null ? "Gaussian" : `t, ν = ${df}`);
  place(parts, "size", options.sizes.indexOf(size), `${size}`);
  const lines = describe(state, options, tail);
  ["khat", "coverage", "exact"].forEach((name, k) => say(parts[name], lines[k]));
}

export default {
  initialize: fromStart,
  render: viewing({ name: "khat-and-coverage", plots: ["curves", "ratios"], page, connect, drawState }),
};
