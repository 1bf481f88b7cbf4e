// The browser's side of better_gaussian.py, after base.js. All is computed here; the kernel is never asked.

const PANEL = { height: 340, margin: { left: 46, right: 10, top: 8, bottom: 38 } };
const NAMES = {
  "Laplace": "laplace",
  "mean-field": "mean-field",
  "full rank": "full-rank",
  "linear response": "response",
  "batch and match": "matched",
};

const page = ({ skew, rho }) => `
  ${slider("skew", "skew k", skew, 0.05)}
  ${slider("rho", "correlation ρ", rho, 0.05)}
  <div class="elbo-row"><button type="button" data-id="reset">Reset</button></div>
  <div class="elbo-row elbo-legend" aria-hidden="true">
    <span>${key('<ellipse class="bg-posterior" cx="13" cy="7" rx="12" ry="6"/>')} posterior, + its mean</span>
    ${Object.entries(NAMES)
      .map(([name, short]) => `<span>${key(`<path class="bg-${short}" d="M0 7H26"/>`)} ${name}</span>`)
      .join("")}
  </div>
  <div class="elbo-panels">
    <div><b>Contours at 2 sd</b><div data-id="shapes" class="elbo-plot"></div></div>
    <div aria-live="polite"><b>Held against the exact posterior</b><table class="bg-table" data-id="table"></table></div>
  </div>`;

// Two by two matrices, as [a, b, c, d] for rows (a, b), (c, d).
const times = ([a, b, c, d], [e, f, g, h]) => [a * e + b * g, a * f + b * h, c * e + d * g, c * f + d * h];
const turned = ([a, b, c, d]) => [a, c, b, d];
const inverse = ([a, b, c, d]) => [d, -b, -c, a].map((value) => value / (a * d - b * c));
const minusOf = (first, second) => first.map((value, k) => value - second[k]);
const onto = ([a, b, c, d], [x, y]) => [a * x + b * y, c * x + d * y];

// log Γ's first and second derivative: up to 10 by recurrence, then Stirling's series.
export function digamma(x) {
  if (x < 10) return digamma(x + 1) - 1 / x;
  const z = 1 / (x * x);
  return Math.log(x) - 0.5 / x - z * (1 / 12 - z * (1 / 120 - z * (1 / 252 - z * (1 / 240 - z / 132))));
}
export function trigamma(x) {
  if (x < 10) return trigamma(x + 1) + 1 / (x * x);
  const z = 1 / (x * x);
  return 1 / x + z / 2 + (z / x) * (1 / 6 - z * (1 / 30 - z * (1 / 42 - z * (1 / 30 - (5 * z) / 66))));
}

// F, from u to θ.
function rootOf({ rho }) {
  const [plus, minus] = [Math.sqrt(1 + rho), Math.sqrt(1 - rho)];
  return [(plus + minus) / 2, (plus - minus) / 2, (plus - minus) / 2, (plus + minus) / 2];
}

const drop = (u, skew, small) => (skew < small ? (u * u) / 2 : (Math.expm1(skew * u) - skew * u) / skew ** 2);

// The variance of u in the Gaussian at which batch and match rests, by bisection for w = k²s².
function matchedU(skew, small) {
  if (skew < small) return 1;
  let [low, high] = [0, skew ** 2];
  for (let step = 0; step < 60; step++) {
    const w = (low + high) / 2;
    if (w * Math.expm1(w) < skew ** 4) low = w;
    else high = w;
  }
  return low / skew ** 2;
}

// The exact moments of θ, and those of the five Gaussians, as better_gaussian.py has them.
export function approximations(state, { small }) {
  const { skew, rho } = state;
  const root = rootOf(state);
  const back = inverse(root);
  const around = times(root, turned(root));
  const shape = skew ** -2;
  const plain = skew < small;
  const mean = plain ? 0 : (digamma(shape) - Math.log(shape)) / skew;
  const variance = plain ? 1 : trigamma(shape) * shape;
  const sd = Math.sqrt(1 - rho * rho); // 1/√Λᵢᵢ
  const added = back.map((value) => value * value * sd); // what σ adds to each u
  const centre = onto(root, onto(added, [-0.5 * skew * sd, -0.5 * skew * sd]));
  const matched = matchedU(skew, small);
  const across = times(turned(back), added).map((value) => skew * value);
  const along = times(turned(added), added).map((value, k) => skew ** 2 * value + (k % 3 ? 0 : 2 / (sd * sd)));
  const precision = minusOf(times(turned(back), back), times(across, times(inverse(along), turned(across))));
  return {
    "exact": { mean: onto(root, [mean, mean]), covariance: around.map((value) => variance * value) },
    "Laplace": { mean: [0, 0], covariance: around },
    "mean-field": { mean: centre, covariance: [sd * sd, 0, 0, sd * sd] },
    "full rank": { mean: onto(root, [-0.5 * skew, -0.5 * skew]), covariance: around },
    "linear response": { mean: centre, covariance: inverse(precision) },
    "batch and match": {
      mean: onto(root, [-0.5 * skew * matched, -0.5 * skew * matched]),
      covariance: around.map((value) => matched * value),
    },
  };
}

// The table that the reader sees.
export function rows(state, options) {
  const found = approximations(state, options);
  const sd = Math.sqrt(found.exact.covariance[0]);
  return Object.entries(found).map(([name, { mean, covariance: [a, b, , d] }]) => [
    name,
    fixed((mean[0] - found.exact.mean[0]) / sd, 2),
    fixed(Math.sqrt(a) / sd, 2),
    fixed(b / Math.sqrt(a * d), 2),
  ]);
}

// θ where the log density is `options.drop` nats below its peak, by bisection along each way from the mode.
export function contour(state, options) {
  const root = rootOf(state);
  return range(181).map((k) => {
    const way = [Math.cos((k * Math.PI) / 90), Math.sin((k * Math.PI) / 90)];
    let [low, high] = [0, 12];
    for (let step = 0; step < 40; step++) {
      const middle = (low + high) / 2;
      const lost = way.reduce((total, part) => total + drop(middle * part, state.skew, options.small), 0);
      if (lost < options.drop) low = middle;
      else high = middle;
    }
    return onto(root, way.map((part) => low * part));
  });
}

function shapes(state, options, width) {
  const { left, right, top, bottom } = PANEL.margin;
  const [low, high] = options.reach;
  const half = ((high - low) * (width - left - right)) / (PANEL.height - top - bottom) / 2; // equal scales
  const middle = (low + high) / 2;
  const ends = [middle - half, middle + half];
  const axis = (label, ends) => ({ label, ends, ticks: ticks(ends, 2) });
  const { x, y, svg } = panel({ ...PANEL, width }, axis("θ₁", ends), axis("θ₂", [low, high]));
  const found = approximations(state, options);
  const path = (points) => `${line(points.map(([first, second]) => [x(first), y(second)]))}Z`;
  const around = ({ mean, covariance: [a, b, , d] }) => path(ellipse(mean, factorOf(a, b, d)));
  const drawn = Object.entries(NAMES).map(([name, short]) => `<path class="bg-${short}" d="${around(found[name])}"/>`);
  const [across, up] = [x(found.exact.mean[0]), y(found.exact.mean[1])];
  return svg(
    `a posterior with skew ${fixed(state.skew, 2)} and correlation ${fixed(state.rho, 2)}, and over it the ellipses of ` +
      "Laplace, mean-field, full rank, linear response, and batch and match; the table says how far each is off",
    `<path class="bg-posterior" d="${path(contour(state, options))}"/>
     <path class="bg-mean" d="M${across - 7} ${up}h14M${across} ${up - 7}v14"/>${drawn.join("")}`,
  );
}

const HEAD = ["", "mean error (sds)", "sd / exact", "correlation"];
const table = (rows) =>
  `<thead><tr>${HEAD.map((name) => `<th scope="col">${name}</th>`).join("")}</tr></thead><tbody>${rows
    .map(([name, ...cells]) => `<tr><th scope="row">${name}</th>${cells.map((cell) => `<td>${cell}</td>`).join("")}</tr>`)
    .join("")}</tbody>`;

// Makes the controls change the model.
function connect(parts, model) {
  const on = controlling(parts, model);
  on("skew", "input", ({ value }) => ({ skew: Number(value) }));
  on("rho", "input", ({ value }) => ({ rho: Number(value) }));
  on("reset", "click", () => model.get("start"));
}

function drawState(parts, state, options) {
  drawPlots(parts, { shapes: (width) => shapes(state, options, width) });
  place(parts, "skew", state.skew, fixed(state.skew, 2));
  place(parts, "rho", state.rho, fixed(state.rho, 2));
  parts.table.innerHTML = table(rows(state, options));
}

export default {
  initialize: fromStart,
  render: viewing({ name: "better-gaussian", plots: ["shapes"], page, connect, drawState }),
};
