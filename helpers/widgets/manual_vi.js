// The browser's side of helpers/widgets/manual_vi.py. Every view of a model shares one local attribute, "state" (what the
// reader has chosen); the kernel's answers come in "reading". Both have target, objective, mu and sigma.

const CHOICES = ["target", "objective", "mu", "sigma"];
const HEIGHT = 270;
const MARGIN = { left: 52, right: 10, top: 26, bottom: 42 };
const LOST = 5000; // ms after which a message without an answer no longer holds back the next one
const MOVE = { frames: 30, ms: 800 }; // of "Move to the optimum"

const IN_FLIGHT = 2; // messages at most
const pick = (from) => Object.fromEntries(CHOICES.map((name) => [name, from[name]]));
const same = (a, b) => CHOICES.every((name) => a[name] === b[name]);
const stateOf = (model) => model.get("state") ?? pick(model.get("reading"));
const change = (model, changes) => model.set("state", { ...stateOf(model), ...changes });
const minus = (text) => text.replace("-", "−");
const show = (value, digits) => minus(value.toFixed(digits).replace(/^-(0\.0*)$/, "$1"));

// Runs once a model: asks the kernel for a reading, and for the last state always. Two messages in flight: with one,
// the reading waits for the whole round trip (p95 about 120 ms); with two it arrives sooner, and none can queue up.
function initialize({ model }) {
  const client = Math.random().toString(36).slice(2);
  let count = 0;
  let awaited = []; // tokens of the messages in flight, oldest first
  let lastSent = null;
  let sentAt = 0;

  const ask = () => {
    const state = stateOf(model);
    const reading = model.get("reading");
    const optimum = same(state, reading);
    if (optimum && reading.best) return;
    if (performance.now() - sentAt > LOST) awaited = [];
    if (awaited.length >= IN_FLIGHT || (awaited.length && same(lastSent, state))) return;
    lastSent = state;
    awaited.push(`${client}-${++count}`);
    sentAt = performance.now();
    model.send({ ...state, optimum, token: awaited.at(-1) });
  };

  const answered = () => {
    const reading = model.get("reading");
    if (awaited.length === 0) model.set("state", pick(reading)); // somebody else asked: another page on this kernel
    else if (awaited.includes(reading.token)) awaited.splice(0, awaited.indexOf(reading.token) + 1);
    else return;
    ask();
  };

  model.on("change:state", ask);
  model.on("change:reading", answered);
  ask();
  return () => {
    model.off("change:state", ask);
    model.off("change:reading", answered);
  };
}

const TICKS = ["0.001", "0.01", "0.1", "1", "10", "100 nats"]
  .map((text, k) => `<span style="left: ${20 * k}%">${text}</span>`)
  .join("");
const PAGE = `
  <div class="mvi-row">
    <label>Target p <select data-id="target"></select></label>
    <label>Objective <select data-id="objective"></select></label>
  </div>
  <label class="mvi-slider">
    <span>mean μ of q</span><input type="range" data-id="mu"><output data-id="mu-value"></output>
  </label>
  <label class="mvi-slider">
    <span>sd σ of q</span><input type="range" data-id="sigma"><output data-id="sigma-value"></output>
  </label>
  <div data-id="plot" class="mvi-plot"></div>
  <p class="mvi-reading" data-id="reading"></p>
  <div class="mvi-distance">
    <div class="mvi-words"><span>How far from the best</span><span data-id="words"></span></div>
    <div class="mvi-meter" role="meter" aria-label="How far from the best, in nats" data-id="meter">
      <div data-id="fill"></div>
    </div>
    <div class="mvi-ticks" aria-hidden="true">${TICKS}</div>
  </div>
  <div class="mvi-row">
    <button type="button" data-id="optimise">Move to the optimum</button>
    <button type="button" data-id="reset">Reset</button>
    <span class="mvi-note" data-id="note"></span>
  </div>
  <div class="mvi-spoken" aria-live="polite" data-id="spoken"></div>`;

// Fills `el` with the controls; returns its parts by their data-id.
function build(el, options) {
  const root = document.createElement("div");
  root.className = "manual-vi";
  root.innerHTML = PAGE;
  const parts = { root };
  for (const node of root.querySelectorAll("[data-id]")) parts[node.dataset.id] = node;
  for (const node of root.querySelectorAll("input, select, button")) {
    node.dataset.lmSuppressShortcuts = "true"; // or JupyterLab and Notebook take the arrow keys
  }
  for (const name of options.targets) parts.target.add(new Option(name));
  for (const name of options.objectives) parts.objective.add(new Option(name));
  Object.assign(parts.mu, { min: options.mu[0], max: options.mu[1], step: 0.01 });
  const [low, high] = options.sigma.map(Math.log10);
  Object.assign(parts.sigma, { min: low, max: high, step: 0.005 }); // the slider holds log₁₀ σ
  for (const [role, colour] of Object.entries(options.colours)) root.style.setProperty(`--mvi-${role}`, colour);
  parts.meter.setAttribute("aria-valuemin", 0);
  parts.meter.setAttribute("aria-valuemax", 100);
  el.replaceChildren(root);
  return parts;
}

function svg(name, attributes, parent, text = "") {
  const node = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  node.textContent = text;
  parent.append(node);
  return node;
}

// Pixels of θ and of a density, for a picture `width` pixels wide.
function scales(options, target, width) {
  const [low, high] = options.picture;
  const inner = { width: width - MARGIN.left - MARGIN.right, height: HEIGHT - MARGIN.top - MARGIN.bottom };
  return {
    inner,
    x: (theta) => ((theta - low) / (high - low)) * inner.width,
    y: (density) => inner.height * (1 - density / options.curves[target].top),
  };
}

function drawAxes(picture, options, target, { inner, x, y }) {
  const axes = svg("g", { transform: `translate(${MARGIN.left} ${MARGIN.top})` }, picture);
  for (let theta = -10; theta <= 10; theta += inner.width < 500 ? 5 : 2) {
    svg("line", { class: "mvi-grid", x1: x(theta), x2: x(theta), y1: 0, y2: inner.height }, axes);
    svg("text", { x: x(theta), y: inner.height + 16, "text-anchor": "middle" }, axes, minus(`${theta}`));
  }
  const { top } = options.curves[target];
  const step = top > 0.6 ? 0.2 : top > 0.3 ? 0.1 : 0.05;
  for (let k = 0; k * step <= top; k++) {
    svg("line", { class: "mvi-grid", x1: 0, x2: inner.width, y1: y(k * step), y2: y(k * step) }, axes);
    svg("text", { x: -6, y: y(k * step) + 4, "text-anchor": "end" }, axes, (k * step).toFixed(step < 0.1 ? 2 : 1));
  }
  svg("text", { x: inner.width / 2, y: inner.height + 35, "text-anchor": "middle" }, axes, "θ");
  const upright = `translate(-40 ${inner.height / 2}) rotate(-90)`;
  svg("text", { transform: upright, "text-anchor": "middle" }, axes, "density");
}

// Draws all that stands still while the reader drags; returns what moves.
function drawPicture(plot, options, target, width) {
  const scale = scales(options, target, width);
  const picture = svg("svg", { width, height: HEIGHT, role: "img" }, plot);
  plot.replaceChildren(picture);
  drawAxes(picture, options, target, scale);
  // a nested svg clips what leaves it
  const { inner } = scale;
  const frame = svg("svg", { x: MARGIN.left, y: MARGIN.top, width: inner.width, height: inner.height }, picture);
  const { density } = options.curves[target];
  const step = inner.width / (density.length - 1);
  const line = density.map((d, k) => `${(k * step).toFixed(1)} ${scale.y(d).toFixed(1)}`).join("L");
  svg("path", { class: "mvi-p", d: `M0 ${inner.height}L${line}L${inner.width} ${inner.height}Z` }, frame);
  const q = svg("path", { class: "mvi-q" }, frame);
  const legend = svg("g", { transform: `translate(${MARGIN.left} 14)` }, picture);
  svg("rect", { class: "mvi-p", x: 0, y: -9, width: 18, height: 9 }, legend);
  const name = svg("text", { x: 24, y: 0 }, legend, `target p: ${target}`);
  const after = 24 + (name.getComputedTextLength?.() || 170) + 16;
  svg("line", { class: "mvi-q", x1: after, x2: after + 18, y1: -4, y2: -4 }, legend);
  svg("text", { x: after + 24, y: 0 }, legend, "approximation q");
  const clipped = svg("text", { x: width - MARGIN.right, y: 14, "text-anchor": "end" }, picture);
  return { picture, q, clipped, scale, key: `${target} ${width}` };
}

function drawQ({ picture, q, clipped, scale }, { target, mu, sigma }, top) {
  const peak = 1 / (sigma * Math.sqrt(2 * Math.PI));
  const points = [];
  for (let z = -5; z <= 5.001; z += 0.1) {
    points.push(`${scale.x(mu + sigma * z).toFixed(1)} ${scale.y(peak * Math.exp((-z * z) / 2)).toFixed(1)}`);
  }
  q.setAttribute("d", `M${points.join("L")}`);
  clipped.textContent = peak > top ? `q’s peak: ${peak.toFixed(2)} ↑` : "";
  const words = `density of the target ${target} and of q, normal, μ ${show(mu, 2)}, σ ${show(sigma, 3)}`;
  picture.setAttribute("aria-label", words);
}

function drawControls(parts, { target, objective, mu, sigma }) {
  parts.target.value = target;
  parts.objective.value = objective;
  parts.mu.value = mu;
  parts.sigma.value = Math.log10(sigma);
  parts["mu-value"].textContent = show(mu, 2);
  parts["sigma-value"].textContent = show(sigma, 3);
  parts.sigma.setAttribute("aria-valuetext", show(sigma, 3)); // not its logarithm
}

function drawReading(parts, reading, state) {
  const { root, meter } = parts;
  Object.assign(root.dataset, { mu: reading.mu, sigma: reading.sigma }); // which state the reading is for
  root.classList.toggle("mvi-stale", !same(reading, state));
  parts.reading.textContent = reading.text;
  const ofThis = reading.target === state.target && reading.objective === state.objective;
  parts.optimise.disabled = !(ofThis && reading.best);
  const { share = 1, nats, words } = reading.distance ?? { words: "computing the best…" };
  parts.words.textContent = words;
  parts.fill.style.width = `${100 * share}%`;
  root.classList.toggle("mvi-best", share === 0);
  meter.setAttribute("aria-valuenow", Math.min(100, nats ?? 100));
  meter.setAttribute("aria-valuetext", words);
}

// Moves (μ, ln σ) to `goal` in visible steps, until somebody else moves them. Returns a function that stops it.
function moveTo(model, goal) {
  const from = stateOf(model);
  const start = performance.now();
  const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
  let last = from;
  let step = 0;
  let timer = 0;
  const frame = () => {
    if (!same(stateOf(model), last)) return;
    const due = Math.floor(((performance.now() - start) / MOVE.ms) * MOVE.frames);
    const now = still ? MOVE.frames : Math.min(MOVE.frames, due);
    if (now !== step) {
      step = now;
      const t = step / MOVE.frames;
      const done = t * t * (3 - 2 * t);
      const mu = t < 1 ? from.mu + done * (goal.mu - from.mu) : goal.mu;
      const sigma = t < 1 ? from.sigma * (goal.sigma / from.sigma) ** done : goal.sigma;
      last = { ...from, mu, sigma };
      model.set("state", last);
    }
    if (step < MOVE.frames) timer = requestAnimationFrame(frame);
  };
  timer = requestAnimationFrame(frame);
  return () => cancelAnimationFrame(timer);
}

// Makes the controls change the model. Returns a function that stops a move that is under way.
function connect(parts, model) {
  let stop = () => {};
  const choose = (changes) => {
    stop();
    change(model, changes);
  };
  parts.target.addEventListener("change", () => choose({ target: parts.target.value }));
  parts.objective.addEventListener("change", () => choose({ objective: parts.objective.value }));
  parts.mu.addEventListener("input", () => choose({ mu: Number(parts.mu.value) }));
  // three decimals: the σ that is shown is the σ that is used
  parts.sigma.addEventListener("input", () => choose({ sigma: Number((10 ** parts.sigma.value).toFixed(3)) }));
  for (const slider of [parts.mu, parts.sigma]) slider.addEventListener("pointerdown", () => stop());
  parts.reset.addEventListener("click", () => choose(model.get("start")));
  parts.optimise.addEventListener("click", () => {
    stop();
    stop = moveTo(model, model.get("reading").best);
  });
  return () => stop();
}

// Says the reading aloud once it has come to rest, and says so where none comes. Returns what to call at each change.
function announcer(parts) {
  let timer = 0;
  const announce = (reading, state) => {
    clearTimeout(timer);
    parts.note.textContent = "";
    if (same(reading, state)) {
      timer = setTimeout(() => (parts.spoken.textContent = `${reading.text}. ${reading.distance?.words ?? ""}`), 700);
    } else {
      const note = "No reading yet: is the kernel busy? If not, run the cell.";
      timer = setTimeout(() => (parts.note.textContent = note), 3000);
    }
  };
  return { announce, silence: () => clearTimeout(timer) };
}

// Runs once a view. Returns a function that leaves nothing behind.
function render({ model, el }) {
  const options = model.get("options");
  const parts = build(el, options);
  const stop = connect(parts, model);
  const { announce, silence } = announcer(parts);
  let drawn = { key: "" };

  const read = () => {
    drawReading(parts, model.get("reading"), stateOf(model));
    announce(model.get("reading"), stateOf(model));
  };
  const redraw = () => {
    const state = stateOf(model);
    const width = Math.floor(parts.plot.clientWidth);
    if (width > 0) { // 0 while the view is not on the page
      if (drawn.key !== `${state.target} ${width}`) drawn = drawPicture(parts.plot, options, state.target, width);
      drawQ(drawn, state, options.curves[state.target].top);
    }
    drawControls(parts, state);
    read();
  };

  model.on("change:state", redraw);
  model.on("change:reading", read);
  const observer = new ResizeObserver(redraw);
  observer.observe(parts.plot);
  redraw();
  return () => {
    stop();
    silence();
    observer.disconnect();
    model.off("change:state", redraw);
    model.off("change:reading", read);
  };
}

export default { initialize, render };
