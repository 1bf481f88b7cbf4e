// The browser's side of helpers/noisy_descent.py: it asks the kernel for paths and draws them. Every view of a model
// shares one local attribute, "state" (what the reader has chosen); the kernel's answers come in "reading".

const LOST = 5000; // ms after which a message without an answer no longer holds back the next one
const PATIENCE = 3000; // ms without an answer after which the reader is told:
const ALONE = "No path yet: is the kernel busy? If not, run the cell.";
const HEIGHT = 270;
const MARGIN = { left: 50, right: 12, top: 8, bottom: 38 };
const SHADES = 9; // of the steps, by age
const DECADES = { from: -1, to: 3, names: ["0.1", "1", "10", "100", "1,000"] }; // of the distance from the optimum

const same = (a, b) => Object.keys(a).every((name) => a[name] === b[name]);
const stateOf = (model) => model.get("state") ?? model.get("reading").state;
const change = (model, changes) => model.set("state", { ...stateOf(model), ...changes });

// Runs once a model: asks the kernel for the path of the last state, always, and of those between as it keeps up.
function initialize({ model }) {
  const client = Math.random().toString(36).slice(2);
  let count = 0;
  let awaited = null; // the message in flight: its token, and since when

  const ask = () => {
    const state = stateOf(model);
    if (same(state, model.get("reading").state)) return;
    if (awaited && performance.now() - awaited.since < LOST) return;
    awaited = { token: `${client}-${++count}`, since: performance.now() };
    model.send({ state, token: awaited.token });
  };

  const answered = () => {
    const { state, token } = model.get("reading");
    if (awaited && token !== awaited.token) return; // the answer to a message given up
    if (!awaited) model.set("state", state); // somebody else asked: another page on this kernel
    awaited = null;
    ask();
  };

  const events = { "change:state": ask, "change:reading": answered };
  Object.entries(events).forEach(([event, listener]) => model.on(event, listener));
  ask();
  return () => Object.entries(events).forEach(([event, listener]) => model.off(event, listener));
}

const SLIDER = 'type="range" data-lm-suppress-shortcuts="true"'; // or JupyterLab and Notebook take the arrow keys
const page = ({ batches, rates }) => `
  <label class="nd-slider">
    <span>batch size</span><input ${SLIDER} data-id="batch" max="${batches.length - 1}">
    <output data-id="batch-value"></output>
  </label>
  <label class="nd-slider">
    <span>learning rate</span>
    <input ${SLIDER} data-id="rate" min="${Math.log10(rates[0])}" max="${Math.log10(rates[1])}" step="0.05">
    <output data-id="rate-value"></output>
  </label>
  <div class="nd-row">
    <label><input type="checkbox" data-id="decay"> let the rate decay</label>
    <label><input type="checkbox" data-id="average"> average the second half</label>
    <button type="button" data-id="reseed">Draw other rows</button>
  </div>
  <div class="nd-shown">
    <div class="nd-row nd-legend" aria-hidden="true">
      <span>${key('<path class="nd-line" d="M0 7H26"/><path class="nd-dots" d="M2 7h0M13 7h0M24 7h0"/>')} path</span>
      <span>${key(last(13, 7))} last step</span>
      <span>${key(cross(13, 7))} optimum</span>
      <span>${key('<ellipse class="nd-posterior" cx="13" cy="7" rx="11" ry="5"/>')} posterior, 2 sd</span>
      <span>${key('<path class="nd-contour" d="M0 7H26"/>')} contours: posterior sd</span>
      <span data-id="average-key">${key(diamond(13, 7))} average</span>
    </div>
    <div class="nd-panels">
      <div><b>The loss, over the two means of q</b><div data-id="surface" class="nd-plot"></div></div>
      <div><b>Distance from the optimum</b><div data-id="distance" class="nd-plot"></div></div>
    </div>
    <div aria-live="polite"><p class="nd-reading" data-id="text"></p><p class="nd-cost" data-id="cost"></p></div>
  </div>
  <p class="nd-note" role="status" data-id="note"></p>`;

const key = (content) => `<svg width="26" height="14">${content}</svg>`;
const last = (x, y) => `<circle class="nd-last" cx="${x}" cy="${y}" r="4.5"/>`;
const diamond = (x, y) => `<path class="nd-average" d="M${x} ${y}m0 -6l6 6l-6 6l-6 -6Z"/>`;
const cross = (x, y) => `<path class="nd-optimum" d="M${x - 7} ${y}h14M${x} ${y - 7}v14"/>`;
const minus = (text) => text.replace("-", "−");
const range = (count) => Array.from({ length: count }, (_, k) => k);
const limited = (pixels) => Math.max(-1e4, Math.min(1e4, pixels)).toFixed(1); // a path can go very far
const line = (points) => `M${points.map((point) => point.map(limited).join(" ")).join("L")}`;

// A function from the values of an axis to pixels.
const scale = ([low, high], from, to) => (value) => from + ((value - low) / (high - low)) * (to - from);

// The SVG of a panel. Each axis has a label, its ends and its ticks [value, text]; what draw(x, y) gives is clipped.
function panel(width, words, across, up, draw) {
  const inner = { width: width - MARGIN.left - MARGIN.right, height: HEIGHT - MARGIN.top - MARGIN.bottom };
  const x = scale(across.ends, 0, inner.width);
  const y = scale(up.ends, inner.height, 0);
  const below = across.ticks.map(
    ([value, text]) =>
      `<path class="nd-tick" d="M${x(value)} ${inner.height}v4"/>
       <text x="${x(value)}" y="${inner.height + 17}" text-anchor="middle">${minus(text)}</text>`,
  );
  const beside = up.ticks.map(
    ([value, text]) =>
      `<path class="nd-tick" d="M0 ${y(value)}h-4"/>
       <text x="-7" y="${y(value) + 4}" text-anchor="end">${minus(text)}</text>`,
  );
  return `<svg width="${width}" height="${HEIGHT}" role="img" aria-label="${words}">
    <g transform="translate(${MARGIN.left} ${MARGIN.top})">
      ${below.join("")}${beside.join("")}
      <text x="${inner.width / 2}" y="${inner.height + 34}" text-anchor="middle">${across.label}</text>
      <text transform="translate(-39 ${inner.height / 2}) rotate(-90)" text-anchor="middle">${up.label}</text>
      <svg width="${inner.width}" height="${inner.height}">${draw(x, y)}</svg>
      <rect class="nd-frame" width="${inner.width}" height="${inner.height}"/>
    </g>
  </svg>`;
}

// The multiples of `step` between the ends.
function ticks(ends, step) {
  const values = range(21).map((k) => (k - 10) * step);
  return values.filter((value) => value >= ends[0] && value <= ends[1]).map((value) => [value, value.toFixed(1)]);
}

// A point at `radius` posterior sd from the optimum.
function around({ optimum, axes: [long, short] }, radius, angle) {
  return optimum.map((centre, k) => centre + radius * (Math.cos(angle) * long[k] + Math.sin(angle) * short[k]));
}

function contours(options, at) {
  const angles = range(73).map((k) => (k * Math.PI) / 36);
  const ring = (radius) => `${line(angles.map((angle) => at(around(options, radius, angle))))}Z`;
  const rings = options.contours.map((radius) => `<path class="nd-contour" d="${ring(radius)}"/>`);
  const labels = options.contours.filter((_, k) => k % 2).map((radius) => {
    const [x, y] = at(around(options, radius, Math.PI / 2)); // where the slope is steepest
    return `<text class="nd-label" x="${x}" y="${y + 4}" text-anchor="middle">${radius}</text>`;
  });
  return { rings: rings.join(""), over: `<path class="nd-posterior" d="${ring(2)}"/>${labels.join("")}` };
}

function surface({ path, average, text }, options, width) {
  const words = `contours of the loss, and a path of ${path.length - 1} steps. ${text}`;
  const draw = (x, y) => {
    const at = ([a, b]) => [x(a), y(b)];
    const { rings, over } = contours(options, at);
    const dots = range(SHADES).map((shade) => {
      const aged = path.filter((_, step) => Math.floor((step * SHADES) / path.length) === shade);
      const d = aged.map((point) => `M${at(point).map(limited).join(" ")}h0`).join("");
      return `<path class="nd-dots" stroke-opacity="${0.2 + (0.8 * shade) / (SHADES - 1)}" d="${d}"/>`;
    });
    const walk = `<path class="nd-line" d="${line(path.map(at))}"/>${dots.join("")}`;
    const marks = [last(...at(path.at(-1)).map(limited)), ...average.map((point) => diamond(...at(point)))];
    return `${rings}${walk}${over}${marks.join("")}${cross(...at(options.optimum))}`;
  };
  const [a, b] = options.window;
  const across = { label: "mean of q(a), the intercept", ends: a, ticks: ticks(a, 0.2) };
  const up = { label: "mean of q(b), the slope", ends: b, ticks: ticks(b, 0.1) };
  return panel(width, words, across, up, draw);
}

function distances({ distances, average_distances, text }, { steps }, width) {
  const draw = (x, y) => {
    const height = (distance) => y(Math.log10(Math.max(distance, 1e-3)));
    const shown = (values, first) => values.map((distance, k) => [x(first + k), height(distance)]);
    const walk = shown(distances, 0);
    const averages = shown(average_distances, steps + 1 - average_distances.length);
    const end = (points) => points.at(-1).map(limited);
    const curve = (name, points, mark) => `<path class="${name}" d="${line(points)}"/>${mark(...end(points))}`;
    return `<path class="nd-one" d="M0 ${y(0)}H${x(2 * steps)}"/>
      ${curve("nd-distance", walk, last)}
      ${averages.length ? curve("nd-averages", averages, diamond) : ""}
      <text class="nd-label" x="6" y="${y(0) + 16}">one posterior sd</text>`;
  };
  const { from, to, names } = DECADES;
  const thirds = range(4).map((k) => (k * steps) / 3);
  const across = { label: "step", ends: [0, steps * 1.03], ticks: thirds.map((step) => [step, `${step}`]) };
  const up = { label: "posterior sd, log scale", ends: [from, to], ticks: names.map((name, k) => [from + k, name]) };
  return panel(width, `distance from the optimum at each step. ${text}`, across, up, draw);
}

// Makes the controls change the model.
function connect(parts, model, { batches }) {
  const on = (name, event, changes) => parts[name].addEventListener(event, () => change(model, changes(parts[name])));
  on("batch", "input", (slider) => ({ batch: batches[slider.value][0] }));
  // two digits: the rate that is shown is the rate that is used
  on("rate", "input", (slider) => ({ rate: Number((10 ** slider.value).toPrecision(2)) }));
  for (const name of ["decay", "average"]) on(name, "change", (box) => ({ [name]: box.checked }));
  on("reseed", "click", () => ({ seed: stateOf(model).seed + 1 }));
}

function drawControls(parts, { batch, rate, decay, average }, { batches }) {
  const place = batches.findIndex(([size]) => size === batch);
  parts.batch.value = place;
  parts.rate.value = Math.log10(rate); // the slider holds log₁₀ of the rate
  for (const [name, checked] of Object.entries({ decay, average })) parts[name].checked = checked;
  for (const [name, words] of [["batch", batches[place][1]], ["rate", `${rate}`]]) {
    parts[`${name}-value`].textContent = words;
    parts[name].setAttribute("aria-valuetext", words);
  }
}

function drawReading(parts, reading, options) {
  for (const [name, draw] of Object.entries({ surface, distance: distances })) {
    const width = Math.floor(parts[name].clientWidth);
    if (width > 0) parts[name].innerHTML = draw(reading, options, width); // 0 while the view is not on the page
  }
  parts["average-key"].hidden = reading.average.length === 0;
  for (const name of ["text", "cost"]) { // they are spoken when they change
    if (parts[name].textContent !== reading[name]) parts[name].textContent = reading[name];
  }
}

// Runs once a view. Returns a function that leaves nothing behind.
function render({ model, el }) {
  const options = model.get("options");
  const root = document.createElement("div");
  root.className = "noisy-descent";
  root.innerHTML = page(options);
  const parts = Object.fromEntries([...root.querySelectorAll("[data-id]")].map((node) => [node.dataset.id, node]));
  for (const [role, colour] of Object.entries(options.colours)) root.style.setProperty(`--nd-${role}`, colour);
  el.replaceChildren(root);
  connect(parts, model, options);

  let timer = 0;
  const wait = () => {
    const stale = !same(stateOf(model), model.get("reading").state);
    root.classList.toggle("nd-stale", stale);
    if (stale && timer) return;
    clearTimeout(timer);
    timer = stale ? setTimeout(() => (parts.note.textContent = ALONE), PATIENCE) : 0;
    if (!stale) parts.note.textContent = "";
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
  for (const name of ["surface", "distance"]) observer.observe(parts[name]);
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
