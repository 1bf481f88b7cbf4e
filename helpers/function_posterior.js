// The browser's side of helpers/function_posterior.py: it asks the kernel for fits and draws them. Every view of a model
// shares one local attribute, "state" (what the reader has chosen); the kernel's answers come in "reading".

const LOST = 20000; // ms after which a message without an answer no longer holds back the next one
const PAUSE = 150; // ms without a change before the kernel is asked: a slider on its way needs no fits
const BUSY = "Fitting …";
const PATIENCE = 8000; // ms without an answer after which the reader is told:
const ALONE = "No answer yet: is the kernel busy? If not, run the cell.";
const HEIGHT = 340;
const MARGIN = { left: 44, right: 10, top: 8, bottom: 38 };
const SLIDERS = { width: "width", rows: "rows", prior_sd: "prior sd" };

const same = (a, b) => Object.keys(a).every((name) => a[name] === b[name]);
const stateOf = (model) => model.get("state") ?? model.get("reading").state;
const change = (model, changes) => model.set("state", { ...stateOf(model), ...changes });

// Runs once a model: asks the kernel for the fit of the last state, always, and of those between as it keeps up.
function initialize({ model }) {
  const client = Math.random().toString(36).slice(2);
  let count = 0;
  let timer = 0;
  let awaited = null; // the message in flight: its token, and since when

  const ask = () => {
    const state = stateOf(model);
    if (same(state, model.get("reading").state)) return;
    if (awaited && performance.now() - awaited.since < LOST) return;
    awaited = { token: `${client}-${++count}`, since: performance.now() };
    model.send({ state, token: awaited.token });
  };

  const changed = () => {
    clearTimeout(timer);
    timer = setTimeout(ask, PAUSE);
  };

  const answered = () => {
    const { state, token } = model.get("reading");
    if (awaited && token !== awaited.token) return; // the answer to a message given up
    if (!awaited) model.set("state", state); // somebody else asked: another page on this kernel
    awaited = null;
    ask();
  };

  const events = { "change:state": changed, "change:reading": answered };
  Object.entries(events).forEach(([event, listener]) => model.on(event, listener));
  ask();
  return () => {
    clearTimeout(timer);
    Object.entries(events).forEach(([event, listener]) => model.off(event, listener));
  };
}

const ATTRIBUTES = 'type="range" data-lm-suppress-shortcuts="true"'; // or JupyterLab and Notebook take the arrow keys
const slider = ([name, words], { choices }) => `
  <label class="fp-slider">
    <span>${words}</span><input ${ATTRIBUTES} data-id="${name}" max="${choices[name].length - 1}">
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

const key = (content) => `<svg width="26" height="14">${content}</svg>`;
const sample = (name) => `<g class="fp-${name}"><path class="fp-band" d="M0 2H26V12H0Z"/>
  <path class="fp-curve" d="M0 7H26"/></g>`;
const minus = (text) => text.replace("-", "−");
const range = (count) => Array.from({ length: count }, (_, k) => k);
const limited = (pixels) => Math.max(-1e4, Math.min(1e4, pixels)).toFixed(1); // a function can go very far
const line = (points) => `M${points.map((point) => point.map(limited).join(" ")).join("L")}`;

// A function from the values of an axis to pixels.
const scale = ([low, high], from, to) => (value) => from + ((value - low) / (high - low)) * (to - from);

// The SVG of the plot; what draw(x, y) gives is clipped.
function panel(width, words, across, up, draw) {
  const inner = { width: width - MARGIN.left - MARGIN.right, height: HEIGHT - MARGIN.top - MARGIN.bottom };
  const x = scale(across, 0, inner.width);
  const y = scale(up, inner.height, 0);
  const below = ticks(across, 1).map(
    (value) =>
      `<path class="fp-tick" d="M${x(value)} ${inner.height}v4"/>
       <text x="${x(value)}" y="${inner.height + 17}" text-anchor="middle">${minus(`${value}`)}</text>`,
  );
  const beside = ticks(up, 1).map(
    (value) =>
      `<path class="fp-tick" d="M0 ${y(value)}h-4"/>
       <text x="-7" y="${y(value) + 4}" text-anchor="end">${minus(`${value}`)}</text>`,
  );
  return `<svg width="${width}" height="${HEIGHT}" role="img" aria-label="${words}">
    <g transform="translate(${MARGIN.left} ${MARGIN.top})">
      ${below.join("")}${beside.join("")}
      <text x="${inner.width / 2}" y="${inner.height + 34}" text-anchor="middle">x</text>
      <text transform="translate(-30 ${inner.height / 2}) rotate(-90)" text-anchor="middle">f(x)</text>
      <svg width="${inner.width}" height="${inner.height}">${draw(x, y)}</svg>
      <rect class="fp-frame" width="${inner.width}" height="${inner.height}"/>
    </g>
  </svg>`;
}

// The multiples of `step` between the ends.
function ticks(ends, step) {
  return range(21).map((k) => (k - 10) * step).filter((value) => value >= ends[0] && value <= ends[1]);
}

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
  return panel(width, words, [grid[0], grid.at(-1)], limits, draw);
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
  for (const name of ["text", "cost"]) { // they are spoken when they change
    if (parts[name].textContent !== reading[name]) parts[name].textContent = reading[name];
  }
}

// Runs once a view. Returns a function that leaves nothing behind.
function render({ model, el }) {
  const options = model.get("options");
  const root = document.createElement("div");
  root.className = "function-posterior";
  root.innerHTML = page(options);
  const parts = Object.fromEntries([...root.querySelectorAll("[data-id]")].map((node) => [node.dataset.id, node]));
  for (const [role, colour] of Object.entries(options.colours)) root.style.setProperty(`--fp-${role}`, colour);
  el.replaceChildren(root);
  connect(parts, model, options);

  let timer = 0;
  const wait = () => {
    const stale = !same(stateOf(model), model.get("reading").state);
    root.classList.toggle("fp-stale", stale);
    if (stale && timer) return;
    clearTimeout(timer);
    timer = stale ? setTimeout(() => (parts.note.textContent = ALONE), PATIENCE) : 0;
    parts.note.textContent = stale ? BUSY : "";
  };
  const choose = () => {
    drawControls(parts, stateOf(model), options);
    wait();
  };
  const show = () => {
    drawReading(parts, model.get("reading"), options);
    wait();
  };

  model.on("change:state", choose);
  model.on("change:reading", show);
  const observer = new ResizeObserver(show);
  observer.observe(parts.plot);
  choose();
  show();
  return () => {
    clearTimeout(timer);
    observer.disconnect();
    model.off("change:state", choose);
    model.off("change:reading", show);
  };
}

export default { initialize, render };
