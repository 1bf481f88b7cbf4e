// The browser's side of two_uncertainties.py, after base.js. All is computed here; the kernel is never asked.

const MARGIN = { left: 46, right: 18, top: 8, bottom: 38 };
const MAP = { height: 330, margin: MARGIN };
const HISTOGRAM = { height: 210, margin: MARGIN };
const BAR = { height: 92, margin: MARGIN };

// P(class 1) at a point, for one draw of the 40 weights: w1 row by row, w2 row by row, w3.
export function probability(w, x1, x2) {
  const first = [0, 0, 0, 0, 0];
  for (let j = 0; j < 5; j++) first[j] = Math.tanh(x1 * w[j] + x2 * w[5 + j]);
  let logit = 0;
  for (let k = 0; k < 5; k++) {
    let sum = 0;
    for (let j = 0; j < 5; j++) sum += first[j] * w[10 + 5 * j + k];
    logit += Math.tanh(sum) * w[35 + k];
  }
  return 1 / (1 + Math.exp(-logit));
}

const average = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;

// The mean of p over the draws, label noise and ignorance.
export function split(p) {
  const mean = average(p);
  return [mean, average(p.map((value) => value * (1 - value))), average(p.map((value) => (value - mean) ** 2))];
}

const at = ({ x1, x2, posterior }, { draws }) => draws[posterior].map((w) => probability(w, x1, x2));

export function describe(state, options) {
  const [mean, noise, ignorance] = split(at(state, options));
  return (
    `P(class 1) = ${mean.toFixed(2)}, variance of the label ${(noise + ignorance).toFixed(3)}` +
    ` = ${noise.toFixed(3)} label noise + ${ignorance.toFixed(3)} ignorance`
  );
}

const page = ({ draws, reach, ignorance }) => `
  ${slider("x1", "x₁", [-reach, reach], 0.05)}
  ${slider("x2", "x₂", [-reach, reach], 0.05)}
  <div class="elbo-row">
    ${menu("posterior", "posterior", Object.keys(draws))}
    <button type="button" data-id="reset">Reset</button>
  </div>
  <div class="elbo-panels">
    <div><b>P(class 1): blue 0, yellow 1. Click or drag the point</b><div data-id="map" class="elbo-plot tu-map"></div></div>
    <div><b>P(class 1) of each draw of the weights</b>
      <div data-id="histogram" class="elbo-plot tu-histogram"></div>
      <div class="elbo-row elbo-legend" aria-hidden="true">
        <span>${key('<rect class="tu-noise" y="2" width="26" height="10"/>')} label noise</span>
        <span>${key(`<rect fill="${ignorance}" y="2" width="26" height="10"/>`)} ignorance</span>
      </div>
      <div data-id="bar" class="elbo-plot tu-bar"></div>
    </div>
  </div>
  <p class="elbo-reading" aria-live="polite" data-id="reading"></p>`;

// The map of the mean of p, as an image of one pixel a cell; made once for each posterior.
const maps = new WeakMap();
function mapOf({ posterior }, options) {
  const known = maps.get(options) ?? maps.set(options, {}).get(options);
  if (known[posterior]) return known[posterior];
  const { cells, reach, draws, map } = options;
  const canvas = Object.assign(document.createElement("canvas"), { width: cells, height: cells });
  const context = canvas.getContext("2d");
  const middle = (k) => reach * ((2 * k + 1) / cells - 1);
  for (let row = 0; row < cells; row++) {
    for (let column = 0; column < cells; column++) {
      const p = average(draws[posterior].map((w) => probability(w, middle(column), middle(row))));
      context.fillStyle = `rgb(${map[Math.round(p * (map.length - 1))].join(",")})`;
      context.fillRect(column, cells - 1 - row, 1, 1);
    }
  }
  return (known[posterior] = canvas.toDataURL());
}

function plane(state, options, width) {
  const { reach, data } = options;
  const axis = (label) => ({ label, ends: [-reach, reach], ticks: ticks([-reach, reach], 1) });
  const { left, right, top, bottom } = MARGIN;
  const side = Math.min(width - left - right, MAP.height - top - bottom); // equal scales
  const size = { width: side + left + right, height: side + top + bottom, margin: MARGIN };
  const { x, y, inner, svg } = panel(size, axis("x₁ (scaled)"), axis("x₂ (scaled)"));
  const points = data.map(([x1, x2, label]) => {
    const [across, up] = [x(x1).toFixed(1), y(x2).toFixed(1)];
    return label
      ? `<path class="tu-one" d="M${across} ${up}m-3 2.5h6l-3 -5.5z"/>`
      : `<circle class="tu-zero" cx="${across}" cy="${up}" r="2.6"/>`;
  });
  return svg(
    `P(class 1) over the plane under ${state.posterior}, with training points; the point is at ` +
      `${fixed(state.x1, 2)}, ${fixed(state.x2, 2)}`,
    `<image class="tu-inside" href="${mapOf(state, options)}" width="${inner.width}" height="${inner.height}"
       preserveAspectRatio="none"/>${points.join("")}
     <circle class="tu-point" cx="${x(state.x1)}" cy="${y(state.x2)}" r="7"/>`,
  );
}

function histogram(state, options, width) {
  const p = at(state, options);
  const counts = range(options.bins).map(() => 0);
  for (const value of p) counts[Math.min(options.bins - 1, Math.floor(value * options.bins))] += 1 / p.length;
  const across = { label: "p, P(class 1) of one draw", ends: [0, 1], ticks: ticks([0, 1], 0.25, 2) };
  const up = { label: "share of draws", ends: [0, 1.02], ticks: ticks([0, 1], 0.5, 1) };
  const { x, y, svg } = panel({ ...HISTOGRAM, width }, across, up);
  const first = Object.keys(options.draws)[0] === state.posterior;
  const bars = counts.map(
    (share, k) => `<rect class="tu-${first ? "truth" : "fit"}" x="${x(k / options.bins)}" y="${y(share)}"
      width="${x(1 / options.bins) - 1}" height="${y(0) - y(share)}"/>`,
  );
  return svg(`a histogram of p over ${p.length} draws, from ${Math.min(...p).toFixed(2)} to ${Math.max(...p).toFixed(2)}`, bars.join(""));
}

function bar(state, options, width) {
  const [, noise, ignorance] = split(at(state, options));
  const across = { label: "variance of the label", ends: [0, 0.255], ticks: ticks([0, 0.25], 0.05, 2) };
  const { x, inner, svg } = panel({ ...BAR, width }, across, { label: "", ends: [0, 1], ticks: [] });
  const part = (from, to, fill) =>
    `<rect ${fill} x="${x(from)}" y="${inner.height / 5}" width="${x(to) - x(from)}" height="${0.6 * inner.height}"/>`;
  return svg(
    `label noise ${noise.toFixed(3)} and ignorance ${ignorance.toFixed(3)}`,
    part(0, noise, 'class="tu-noise"') + part(noise, noise + ignorance, `fill="${options.ignorance}"`),
  );
}

// Makes the controls change the model: the sliders, the menu, and the pointer on the map.
function connect(parts, model, { reach }) {
  const on = controlling(parts, model);
  on("x1", "input", ({ value }) => ({ x1: Number(value) }));
  on("x2", "input", ({ value }) => ({ x2: Number(value) }));
  on("posterior", "change", ({ value }) => ({ posterior: value }));
  on("reset", "click", () => model.get("start"));
  const near = (share) => Number(Math.max(-reach, Math.min(reach, reach * (2 * share - 1))).toFixed(2));
  const move = ({ clientX, clientY }) => {
    const box = parts.map.querySelector(".tu-inside").getBoundingClientRect();
    change(model, { x1: near((clientX - box.left) / box.width), x2: near((box.bottom - clientY) / box.height) });
  };
  parts.map.addEventListener("pointerdown", (event) => {
    parts.map.setPointerCapture(event.pointerId);
    move(event);
  });
  parts.map.addEventListener("pointermove", (event) => void (event.buttons && move(event)));
}

function drawState(parts, state, options) {
  drawPlots(parts, {
    map: (width) => plane(state, options, width),
    histogram: (width) => histogram(state, options, width),
    bar: (width) => bar(state, options, width),
  });
  place(parts, "x1", state.x1, fixed(state.x1, 2));
  place(parts, "x2", state.x2, fixed(state.x2, 2));
  parts.posterior.value = state.posterior;
  say(parts.reading, describe(state, options));
}

export default {
  initialize: fromStart,
  render: viewing({
    name: "two-uncertainties",
    plots: ["map", "histogram", "bar"],
    ...{ page, connect, drawState },
  }),
};
