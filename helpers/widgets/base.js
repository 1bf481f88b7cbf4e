// What the widgets share; base.py puts it before each widget's own script. All views of a model share its "state": what the
// reader has chosen. Python may set it, too, and hears of a change when the reader's hand rests.

const same = (a, b) => Object.keys(a).every((name) => a[name] === b[name]);
const stateOf = (model) => model.get("state");
const change = (model, changes) => model.set("state", { ...stateOf(model), ...changes });

// Listens to events of a model, a function each; returns what ends it.
function listen(model, events) {
  Object.entries(events).forEach(([event, listener]) => model.on(event, listener));
  return () => Object.entries(events).forEach(([event, listener]) => model.off(event, listener));
}

// Runs once a model: the state is Python's, or on a page without Python the start, and `more` that only the browser knows of.
function fromStart({ model }, more = {}) {
  model.set("state", { ...more, ...(stateOf(model) ?? model.get("start")) });
}

// Runs once a view, of the class `name`. It calls connect(parts, model, options) once, drawState(parts, state, options)
// when the state changes or one of the `plots` its size, and rest(parts) after 700 ms without either. `parts` are the nodes
// with a data-id.
const viewing = ({ name, page, connect, drawState, plots, rest = () => {} }) =>
  ({ model, el }) => {
    const options = model.get("options");
    const root = document.createElement("div");
    root.className = `elbo-widget ${name}`;
    root.innerHTML = page(options);
    const parts = { root };
    for (const node of root.querySelectorAll("[data-id]")) parts[node.dataset.id] = node;
    for (const node of root.querySelectorAll("input, select, button")) {
      node.dataset.lmSuppressShortcuts = "true"; // or JupyterLab and Notebook take the arrow keys
    }
    for (const [role, colour] of Object.entries(options.colours)) root.style.setProperty(`--elbo-${role}`, colour);
    el.replaceChildren(root);
    const stop = connect(parts, model, options);

    let timer = 0;
    const atRest = () => {
      rest(parts);
      model.save_changes(); // to Python, where it listens
    };
    const draw = () => {
      drawState(parts, stateOf(model), options);
      clearTimeout(timer);
      timer = setTimeout(atRest, 700);
    };

    const deaf = listen(model, { "change:state": draw });
    const observer = new ResizeObserver(draw);
    for (const plot of plots) observer.observe(parts[plot]);
    draw();
    return () => {
      clearTimeout(timer);
      observer.disconnect();
      deaf();
      stop?.();
    };
  };

// Makes on(name, event, changes): the control `name` changes the model at an event; changes(control) says to what.
const controlling = (parts, model) => (name, event, changes) =>
  parts[name].addEventListener(event, () => change(model, changes(parts[name])));

const slider = (name, words, [low, high], step) => `
  <label class="elbo-slider">
    <span>${words}</span><input type="range" data-id="${name}" min="${low}" max="${high}" step="${step}">
    <output data-id="${name}-value"></output>
  </label>`;
const menu = (name, words, choices) => {
  const options = choices.map((choice) => `<option>${choice}</option>`);
  return `<label>${words} <select data-id="${name}">${options.join("")}</select></label>`;
};
const key = (content) => `<svg width="26" height="14">${content}</svg>`;

// Draws plots, each by a function of its width, where the view is on the page.
function drawPlots(parts, plots) {
  for (const [name, draw] of Object.entries(plots)) {
    const width = widthOf(parts[name]);
    if (width > 0) parts[name].innerHTML = draw(width);
  }
}

// Puts a slider to a value, which it shows and speaks as `words`.
function place(parts, name, value, words) {
  parts[name].value = value;
  parts[`${name}-value`].textContent = words;
  parts[name].setAttribute("aria-valuetext", words);
}

// Changes a text only where it is another one: then some are spoken.
function say(node, words) {
  if (node && node.textContent !== words) node.textContent = words;
}

const minus = (text) => text.replace("-", "−");
const fixed = (value, digits) => minus(value.toFixed(digits).replace(/^-(0\.0*)$/, "$1"));
const sum = (values) => values.reduce((total, value) => total + value, 0);
const range = (count) => Array.from({ length: count }, (_, k) => k);
const widthOf = (node) => Math.floor(node.clientWidth); // 0 while the view is not on the page
const limited = (pixels) => Math.max(-1e4, Math.min(1e4, pixels)).toFixed(1); // a curve can go very far
const line = (points) => `M${points.map(([x, y]) => `${limited(x)} ${limited(y)}`).join("L")}`;

// Mulberry32, a number in [0, 1) for each k.
function uniform(seed, k) {
  let bits = (Math.imul(k + 1, 0x6d2b79f5) + seed) | 0;
  bits = Math.imul(bits ^ (bits >>> 15), bits | 1);
  bits ^= bits + Math.imul(bits ^ (bits >>> 7), bits | 61);
  return ((bits ^ (bits >>> 14)) >>> 0) / 2 ** 32;
}

// The k-th pair of standard normal numbers of a seed (Box–Muller).
function normalPair(seed, k) {
  const [radius, angle] = [Math.sqrt(-2 * Math.log(1 - uniform(seed, 2 * k))), 2 * Math.PI * uniform(seed, 2 * k + 1)];
  return [radius * Math.cos(angle), radius * Math.sin(angle)];
}

// Cholesky's factor [first, below, last] of a covariance with these variances: rows (first, 0) and (below, last).
function factorOf(variance, covariance, other) {
  const below = covariance / Math.sqrt(variance);
  return [Math.sqrt(variance), below, Math.sqrt(other - below * below)];
}

// The points at `radius` sd from the mean of a Gaussian with this factor.
const ellipse = ([a, b], [first, below, last], radius = 2) =>
  range(121).map((k) => {
    const [cos, sin] = [radius * Math.cos((k * Math.PI) / 60), radius * Math.sin((k * Math.PI) / 60)];
    return [a + first * cos, b + below * cos + last * sin];
  });

// A function from the values of an axis to pixels.
const scale = ([low, high], from, to) => (value) => from + ((value - low) / (high - low)) * (to - from);

// The multiples of `step` between the ends, each with its text.
function ticks([low, high], step, digits = 0) {
  const first = Math.ceil(low / step);
  return range(Math.floor(high / step) - first + 1)
    .map((k) => (first + k) * step)
    .map((value) => [value, value.toFixed(digits)]);
}

// A plot with two axes, each with a label, its ends and its ticks [value, text], which are lines across where there is
// a `grid`. Returns what gives the pixels of a point, the size of the inside, and svg(words, content): `words` say what
// is to be seen, and the content is clipped.
function panel({ width, height, margin, grid }, across, up) {
  const inner = { width: width - margin.left - margin.right, height: height - margin.top - margin.bottom };
  const x = scale(across.ends, 0, inner.width);
  const y = scale(up.ends, inner.height, 0);
  const gap = grid ? 6 : 7; // between the inside, or its frame, and the texts
  const mark = (path) => `<path class="elbo-${grid ? "grid" : "tick"}" d="${path}"/>`;
  const below = across.ticks.map(
    ([value, text]) =>
      `${mark(grid ? `M${x(value)} 0v${inner.height}` : `M${x(value)} ${inner.height}v4`)}
       <text x="${x(value)}" y="${inner.height + 10 + gap}" text-anchor="middle">${minus(text)}</text>`,
  );
  const beside = up.ticks.map(
    ([value, text]) =>
      `${mark(grid ? `M0 ${y(value)}h${inner.width}` : `M0 ${y(value)}h-4`)}
       <text x="${-gap}" y="${y(value) + 4}" text-anchor="end">${minus(text)}</text>`,
  );
  const upright = `translate(${18 - gap - margin.left} ${inner.height / 2}) rotate(-90)`;
  const svg = (words, content) => `<svg width="${width}" height="${height}" role="img" aria-label="${words}">
    <g transform="translate(${margin.left} ${margin.top})">
      ${below.join("")}${beside.join("")}
      <text x="${inner.width / 2}" y="${inner.height + 34}" text-anchor="middle">${across.label}</text>
      <text transform="${upright}" text-anchor="middle">${up.label}</text>
      <svg width="${inner.width}" height="${inner.height}">${content}</svg>
      ${grid ? "" : `<rect class="elbo-frame" width="${inner.width}" height="${inner.height}"/>`}
    </g>
  </svg>`;
  return { x, y, inner, svg };
}
