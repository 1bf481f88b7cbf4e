// The browser's side of function_posterior.py, after base.js: it asks the kernel for fits and draws them.

const PANEL = { height: 340, margin: { left: 44, right: 10, top: 8, bottom: 38 } };
const SLIDERS = { width: "width", rows: "rows", prior_sd: "prior sd" };

const page = ({ choices }) => `
  ${Object.entries(SLIDERS).map(([name, words]) => slider(name, words, [0, choices[name].length - 1], 1)).join("")}
  <div class="elbo-row">
    <label><input type="checkbox" data-id="exact"> exact posterior, too</label>
    <span class="elbo-note" role="status" data-id="note"></span>
  </div>
  <div class="elbo-shown">
    <div class="elbo-row elbo-legend" aria-hidden="true">
      <span>${key(sample("advi"))} mean-field ADVI</span>
      <span data-id="exact-key">${key(sample("exact"))} exact posterior</span>
      <span>${key('<path class="fp-sine" d="M0 7H26"/>')} sin x</span>
      <span>${key('<path class="fp-data" d="M13 7h0"/>')} readings</span>
      <span>bands hold 90 % of f</span>
    </div>
    <div data-id="plot" class="elbo-plot"></div>
    <div aria-live="polite"><p class="elbo-reading" data-id="text"></p><p class="elbo-cost" data-id="cost"></p></div>
  </div>`;

const sample = (name) => `<g class="fp-${name}"><path class="fp-band" d="M0 2H26V12H0Z"/>
  <path class="fp-curve" d="M0 7H26"/></g>`;

// The band and the functions of one posterior, as one group.
function posterior(name, { band, curves }, at) {
  const points = (values) => values.map((value, k) => at(k, value));
  const [low, high] = band.map(points);
  const lines = curves.map((values) => `<path class="fp-curve" d="${line(points(values))}"/>`);
  return `<g class="fp-${name}">
    <path class="fp-band" d="${line([...low, ...high.reverse()])}Z"/>${lines.join("")}
    <path class="fp-edge" d="${line(low)}${line(high)}"/>
  </g>`;
}

function functions({ advi, exact, data, text }, { x: grid, limits }, width) {
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

function drawState(parts, state, { choices }) {
  const words = { width: state.width === 1 ? "1 unit" : `${state.width} units`, rows: `${state.rows} readings` };
  for (const name of Object.keys(SLIDERS)) {
    place(parts, name, choices[name].indexOf(state[name]), words[name] ?? `${state[name]}`);
  }
  parts.exact.checked = state.exact;
}

function drawReading(parts, reading, options) {
  drawPlots(parts, { plot: (width) => functions(reading, options, width) });
  parts["exact-key"].hidden = !reading.exact;
}

export default {
  initialize: asking({ lost: 20000, pause: 150 }), // a slider on its way needs no fits
  render: viewing({
    name: "function-posterior",
    plots: ["plot"],
    busy: "Fitting …",
    alone: "No answer yet: is the kernel busy? If not, run the cell.",
    patience: 8000,
    ...{ page, connect, drawState, drawReading },
  }),
};
