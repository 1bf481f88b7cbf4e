// The browser's side of prior_and_noise.py, after base.js. All is computed here; the kernel is never asked.

const PANEL = { height: 290, margin: { left: 50, right: 12, top: 8, bottom: 38 } };

// Mean and covariance of intercept and slope, and the log evidence, for a precision `beta` of the noise.
export function fitted({ prior, noise, rows }, { x, y }, beta = noise ** -2) {
  const sum = (term) => range(rows).reduce((total, k) => total + term(x[k], y[k]), 0);
  const a = prior ** -2 + beta * rows;
  const b = beta * sum((x) => x);
  const c = prior ** -2 + beta * sum((x) => x * x);
  const det = a * c - b * b;
  const covariance = [c / det, -b / det, a / det]; // of the intercept, of both, of the slope
  const [right, up] = [beta * sum((x, y) => y), beta * sum((x, y) => x * y)];
  const mean = [covariance[0] * right + covariance[1] * up, covariance[1] * right + covariance[2] * up];
  const misfit =
    beta * sum((x, y) => (y - mean[0] - mean[1] * x) ** 2) + (mean[0] ** 2 + mean[1] ** 2) / prior ** 2;
  const constants = rows * Math.log(beta / (2 * Math.PI)) - 4 * Math.log(prior);
  return { mean, covariance, evidence: 0.5 * (constants - Math.log(det) - misfit) };
}

// How many of the prior's draws count.
export function counting(state, options) {
  const beta = state.noise ** -2;
  const squared = fitted(state, options, 2 * beta).evidence + (state.rows / 2) * Math.log(beta / (4 * Math.PI));
  return options.draws * Math.exp(2 * fitted(state, options).evidence - squared);
}

// The prior's draws, in its sds: they fill the plane evenly.
export const dots = (count) =>
  range(count).map((k) => {
    const [u, v] = [0.7548776662466927, 0.5698402909980532].map((step) => ((k + 1) * step) % 1);
    const far = Math.sqrt(-2 * Math.log(u));
    return [far * Math.cos(2 * Math.PI * v), far * Math.sin(2 * Math.PI * v)];
  });

export function describe(state, options) {
  const { mean, covariance } = fitted(state, options);
  const count = counting(state, options);
  const whole = Math.round(count).toLocaleString("en-GB");
  const many = count >= 10 ? whole : count >= 1 ? count.toFixed(1) : "fewer than one";
  return `Slope ${fixed(mean[1], 3)} ± ${fixed(Math.sqrt(covariance[2]), 3)}; of 100,000 prior draws ${many} count`;
}

const page = ({ prior, noise, rows, band }) => `
  ${slider("prior", "prior sd", prior.map(Math.log10), 0.05)}
  ${slider("noise", "noise sd", noise.map(Math.log10), 0.05)}
  ${slider("rows", "readings", rows, 1)}
  <div class="elbo-row"><button type="button" data-id="reset">Reset</button></div>
  <div class="elbo-row elbo-legend" aria-hidden="true">
    <span>${key('<path class="pn-mean" d="M0 7H26"/>')} posterior mean</span>
    <span>${key(`<rect class="pn-line" fill="${band}" y="1" width="26" height="12"/>`)} line, ± 2 sd</span>
    <span>${key(`<rect class="pn-reading" fill="${band}" y="1" width="26" height="12"/>`)} new reading, ± 2 sd</span>
    <span>${key('<path class="pn-truth" d="M0 7H26"/>')} truth</span>
    <span>${key('<circle class="pn-data" cx="13" cy="7" r="4"/>')} readings</span>
    <span>${key('<circle class="pn-dot" cx="13" cy="7" r="2"/>')} prior draws</span>
    <span>${key('<ellipse class="pn-posterior" cx="13" cy="7" rx="12" ry="5"/>')} posterior, 2 sd</span>
  </div>
  <div class="elbo-panels">
    <div><b>The line</b><div data-id="curves" class="elbo-plot"></div></div>
    <div><b>Its two weights</b><div data-id="weights" class="elbo-plot"></div></div>
  </div>
  <p class="elbo-reading" data-id="reading" aria-live="polite"></p>`;

function curves(state, options, width) {
  const { reach, tall } = options;
  const across = { label: "x", ends: [-reach, reach], ticks: ticks([-reach, reach], 2) };
  const up = { label: "sensor’s reading", ends: [-tall, tall], ticks: ticks([-tall, tall], 1) };
  const { x, y, svg } = panel({ ...PANEL, width }, across, up);
  const { mean, covariance } = fitted(state, options);
  const places = range(61).map((k) => -reach + (k * reach) / 30);
  const centre = (at) => mean[0] + mean[1] * at;
  const variance = (at) => covariance[0] + 2 * at * covariance[1] + at * at * covariance[2];
  const band = (name, more) => {
    const edge = (at, side) => [x(at), y(centre(at) + 2 * side * Math.sqrt(variance(at) + more))];
    const points = [...places.map((at) => edge(at, 1)), ...places.map((at) => edge(-at, -1))];
    return `<path class="pn-${name}" fill="${options.band}" d="${line(points)}Z"/>`;
  };
  const curve = (name, f) => `<path class="pn-${name}" d="${line(places.map((at) => [x(at), y(f(at))]))}"/>`;
  const data = range(state.rows).map(
    (k) => `<circle class="pn-data" cx="${x(options.x[k])}" cy="${y(options.y[k])}" r="3.5"/>`,
  );
  const sd = Math.sqrt(variance(0) + state.noise ** 2);
  return svg(
    `${state.rows} readings; the posterior mean, a line with intercept ${fixed(mean[0], 3)} and slope ` +
      `${fixed(mean[1], 3)}; at x = 0 a new reading has the sd ${sd.toFixed(2)}`,
    band("reading", state.noise ** 2) + band("line", 0) + curve("truth", Math.sin) + curve("mean", centre) +
      data.join(""),
  );
}

function weights(state, options, width) {
  const far = options.wide * state.prior;
  const { left, right, top, bottom } = PANEL.margin;
  const side = (far * (width - left - right)) / (PANEL.height - top - bottom); // equal scales
  const power = 10 ** Math.floor(Math.log10(far / 1.5));
  const step = far > 6 * power ? 5 * power : power;
  const axis = (label, far) => ({
    label,
    ends: [-far, far],
    ticks: ticks([-far, far], step, Math.max(0, -Math.log10(power))),
  });
  const { x, y, svg } = panel({ ...PANEL, width }, axis("intercept", side), axis("slope", far));
  const { mean, covariance } = fitted(state, options);
  const ring = ellipse(mean, factorOf(...covariance)).map(([first, second]) => [x(first), y(second)]);
  const cloud = dots(options.dots).map(
    ([first, second]) => `<circle class="pn-dot" cx="${x(state.prior * first)}" cy="${y(state.prior * second)}" r="1.6"/>`,
  );
  const [sd, sd2] = [covariance[0], covariance[2]].map((variance) => Math.sqrt(variance).toFixed(3));
  return svg(
    `draws from the prior, a round cloud with sd ${state.prior.toFixed(2)}; in it the ellipse of the posterior, ` +
      `with sds ${sd} of the intercept and ${sd2} of the slope`,
    `${cloud.join("")}<path class="pn-posterior" d="${line(ring)}Z"/>`,
  );
}

// Makes the controls change the model.
function connect(parts, model) {
  const on = controlling(parts, model);
  for (const name of ["prior", "noise"]) {
    // two digits: the sd that is shown is the sd that is used
    on(name, "input", ({ value }) => ({ [name]: Number((10 ** value).toPrecision(2)) }));
  }
  on("rows", "input", ({ value }) => ({ rows: Number(value) }));
  on("reset", "click", () => model.get("start"));
}

function drawState(parts, state, options) {
  drawPlots(parts, {
    curves: (width) => curves(state, options, width),
    weights: (width) => weights(state, options, width),
  });
  for (const name of ["prior", "noise"]) place(parts, name, Math.log10(state[name]), String(state[name])); // log₁₀
  place(parts, "rows", state.rows, String(state.rows));
  say(parts.reading, describe(state, options));
}

export default {
  initialize: fromStart,
  render: viewing({ name: "prior-and-noise", plots: ["curves", "weights"], page, connect, drawState }),
};
