// The browser's side of helpers/widgets/function_posterior.py, after helpers/widgets/base.js: it asks the kernel for fits and draws them.

const PANEL = { prefix: "fp", height: 340, margin: { left: 44, right: 10, top: 8, bottom: 38 } };
const SLIDERS = { width: "width", rows: "rows", prior_sd: "prior sd" };

const slider = ([name, words], { choices }) => `
  <label class="fp-slider">
    <span>${words}</span><input ${SLIDER} data-id="${name}" max="${choices[name].length - 1}">
    <output data-id="${name}-value"></output>
  </label>`;
const page = (options) => `
  ${Object.entries(SLIDERS).map((entry) => slider(entry, options)).join("")}
  <div class="fp-row">
    <label><input type="checkbox" data-id="exact"> exact posterior, too</label>
    <span class="fp-note" role="status" data-id="note"></span>
  </div>
  <div class="fp-shown">
    <div class="fp-row fp-legend" aria-hidden="true">
      <span>${key(sample("advi"))} mean-field ADVI</span>
      <span data-id="exact-key">${key(sample("exact"))} exact posterior</span>
      <span>${key('<path class="fp-sine" d="M0 7H26"/>')} sin x</span>
      <span>${key('<path class="fp-data" d="M13 7h0"/>')} readings</span>
      <span>bands hold 90 % of f</span>
    </div>
    <div data-id="plot" class="fp-plot"></div>
    <div aria-live="polite"><p class="fp-reading" data-id="text"></p><p class="fp-cost" data-id="cost"></p></div>
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
  const draw = (x, y) => {
    const at = (k, value) => [x(grid[k]), y(value)];
    const sine = line(grid.map((value, k) => at(k, Math.sin(value))));
    const dots = data.map(([across, up]) => `M${limited(x(across))} ${limited(y(up))}h0`).join("");
    return `${exact ? posterior("exact", exact, at) : ""}${posterior("advi", advi, at)}
      <path class="fp-sine" d="${sine}"/><path class="fp-data" d="${dots}"/>`;
  };
  const words = `functions from ${exact ? "both posteriors" : "the fit"}, and ${data.length} readings. ${text}`;
  const axis = (label, ends) => ({ label, ends, ticks: ticks(ends, 1, 0) });
  return panel({ ...PANEL, width, words }, axis("x", [grid[0], grid.at(-1)]), axis("f(x)", limits), draw);
}

// Makes the controls change the model.
function connect(parts, model, { choices }) {
  const on = (name, event, value) =>
    parts[name].addEventListener(event, () => change(model, { [name]: value(parts[name]) }));
  for (const name of Object.keys(SLIDERS)) on(name, "input", (input) => choices[name][input.value]);
  on("exact", "change", (box) => box.checked);
}

function drawControls(parts, state, { choices }) {
  for (const name of Object.keys(SLIDERS)) {
    const words = { width: state.width === 1 ? "1 unit" : `${state.width} units`, rows: `${state.rows} readings` };
    parts[name].value = choices[name].indexOf(state[name]);
    parts[`${name}-value`].textContent = words[name] ?? `${state[name]}`;
    parts[name].setAttribute("aria-valuetext", words[name] ?? `${state[name]}`);
  }
  parts.exact.checked = state.exact;
}

function drawReading(parts, reading, options) {
  const width = Math.floor(parts.plot.clientWidth);
  if (width > 0) parts.plot.innerHTML = functions(reading, options, width); // 0 while the view is not on the page
  parts["exact-key"].hidden = !reading.exact;
}

export default {
  initialize: asking({ lost: 20000, pause: 150 }), // a slider on its way needs no fits
  render: viewing({
    name: "function-posterior",
    prefix: "fp",
    plots: ["plot"],
    busy: "Fitting …",
    alone: "No answer yet: is the kernel busy? If not, run the cell.",
    patience: 8000,
    ...{ page, connect, drawControls, drawReading },
  }),
};
