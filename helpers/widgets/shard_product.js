// The browser's side of shard_product.py, after base.js. All is computed here; the kernel is never asked.
// A Gaussian of (intercept, trend) is {mean: [a, b], precision: [p, r, s]}, with the precision matrix [[p, r], [r, s]].

const PANEL = { height: 290, margin: { left: 50, right: 12, top: 8, bottom: 38 } };

const power = ({ shards, prior }, { priors }) => [1 / shards, 1, 0][priors.indexOf(prior)];
const times = ([p, r, s], [a, b]) => [p * a + r * b, r * a + s * b];
const total = (lists) => lists.reduce((one, other) => one.map((value, k) => value + other[k]));
const covariance = ([p, r, s]) => [s, -r, p].map((value) => value / (p * s - r * r));
const sdsOf = ({ precision }) => [0, 2].map((k) => Math.sqrt(covariance(precision)[k]));

// The best q of each shard.
export function fits(state, options) {
  const [t, y] = options.tables[state.order];
  const weight = power(state, options) / options.prior_sd ** 2;
  const rows = t.length / state.shards;
  return range(state.shards).map((k) => {
    const own = range(rows).map((row) => k * rows + row);
    const precision = total([[weight, 0, weight], ...own.map((row) => [1, t[row], t[row] ** 2])]);
    const mean = times(covariance(precision), total(own.map((row) => [y[row], t[row] * y[row]])));
    return { mean, precision: state.family === "full-rank" ? precision : [precision[0], 0, precision[2]] };
  });
}

export function product(shards) {
  const precision = total(shards.map((shard) => shard.precision));
  const weighted = total(shards.map((shard) => times(shard.precision, shard.mean)));
  return { mean: times(covariance(precision), weighted), precision };
}

export const exact = (options) =>
  fits({ shards: 1, prior: "the whole", family: "full-rank", order: options.orders[0] }, options)[0];

// Errors of the product's means in exact sds, and its sds over the exact ones.
export function againstExact(state, options) {
  const [found, right] = [product(fits(state, options)), exact(options)];
  const [own, sds] = [sdsOf(found), sdsOf(right)];
  return { errors: sds.map((sd, k) => (found.mean[k] - right.mean[k]) / sd), ratios: sds.map((sd, k) => own[k] / sd) };
}

export function describe(state, options) {
  const { errors, ratios } = againstExact(state, options);
  const [off, wide] = [errors, ratios].map((pair) => pair.map((value) => fixed(value, 2)).join(" and "));
  return `Product: means ${off} exact sds off, sds ${wide} of the exact ones`;
}

export function counted(state, options) {
  const often = power(state, options) * state.shards;
  const words = ["not at all", "once"][often] ?? `${often} times`;
  const rows = options.tables[state.order][0].length / state.shards;
  return `The prior is in the product ${words}. Rows in each shard: ${rows}`;
}

const page = ({ counts, priors, families, orders }) => `
  ${slider("shards", "shards", [0, counts.length - 1], 1)}
  <div class="elbo-row">
    ${menu("prior", "of the prior, each shard takes", priors)}
    ${menu("family", "q is", families)}
    ${menu("order", "the table is", orders)}
    <button type="button" data-id="reset">Reset</button>
  </div>
  <div class="elbo-row elbo-legend" aria-hidden="true">
    <span>${key('<ellipse class="sh-exact" cx="13" cy="7" rx="12" ry="6"/>')} exact posterior</span>
    <span>${key('<path class="sh-shard" d="M0 7H26"/>')} q of a shard</span>
    <span>${key('<path class="sh-product" d="M0 7H26"/>')} product</span>
    <span>${key('<path class="sh-prior" d="M0 7H26"/>')} prior</span>
    <span>ellipses at 2 sd</span>
  </div>
  <div class="elbo-panels">
    <div><b>The shards</b><div data-id="parts" class="elbo-plot"></div></div>
    <div><b>Their product, enlarged</b><div data-id="whole" class="elbo-plot"></div></div>
  </div>
  <div aria-live="polite"><p class="elbo-reading" data-id="reading"></p><p class="elbo-cost" data-id="counted"></p></div>`;

// A panel with some Gaussians, each [name, Gaussian].
function plane(gaussians, [a, b], words, width) {
  const across = { label: "intercept", ends: a, ticks: ticks(a, a[1] > 3 ? 1 : 0.5, a[1] > 3 ? 0 : 1) };
  const up = { label: "trend", ends: b, ticks: ticks(b, b[1] > 3 ? 1 : 0.5, b[1] > 3 ? 0 : 1) };
  const { x, y, svg } = panel({ ...PANEL, width }, across, up);
  const draw = ([name, { mean, precision }]) =>
    `<path class="sh-${name}" d="${line(ellipse(mean, factorOf(...covariance(precision))).map(([first, second]) => [x(first), y(second)]))}Z"/>`;
  return svg(words, gaussians.map(draw).join(""));
}

// Makes the controls change the model.
function connect(parts, model, { counts }) {
  const on = controlling(parts, model);
  on("shards", "input", ({ value }) => ({ shards: counts[value] }));
  for (const name of ["prior", "family", "order"]) on(name, "change", ({ value }) => ({ [name]: value }));
  on("reset", "click", () => model.get("start"));
}

function drawState(parts, state, options) {
  const shards = fits(state, options);
  const right = ["exact", exact(options)];
  const weight = 1 / options.prior_sd ** 2;
  const prior = ["prior", { mean: [0, 0], precision: [weight, 0, weight] }];
  const words = `${state.shards} ${state.family} fits, each to a shard of the table, ${state.order}; and the prior`;
  const left = [right, prior, ...shards.map((shard) => ["shard", shard])];
  drawPlots(parts, {
    parts: (width) => plane(left, options.far, words, width),
    whole: (width) =>
      plane([right, ["product", product(shards)]], options.near, "the product over the exact posterior", width),
  });
  place(parts, "shards", options.counts.indexOf(state.shards), `${state.shards}`);
  for (const name of ["prior", "family", "order"]) parts[name].value = state[name];
  say(parts.reading, describe(state, options));
  say(parts.counted, counted(state, options));
}

export default {
  initialize: fromStart,
  render: viewing({ name: "shard-product", plots: ["parts", "whole"], page, connect, drawState }),
};
