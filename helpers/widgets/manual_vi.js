// The browser's side of manual_vi.py, after base.js: it draws q at once, and asks the kernel for the reading.

const PANEL = { height: 270, margin: { left: 52, right: 10, top: 26, bottom: 42 }, grid: true };
const MOVE = { frames: 30, ms: 800 }; // of "Move to the optimum"

const TICKS = ["0.001", "0.01", "0.1", "1", "10", "100 nats"]
  .map((text, k) => `<span style="left: ${20 * k}%">${text}</span>`)
  .join("");
const page = ({ targets, objectives, mu, sigma }) => `
  <div class="elbo-row">${menu("target", "Target p", targets)}${menu("objective", "Objective", objectives)}</div>
  ${slider("mu", "mean μ of q", mu, 0.01)}
  ${slider("sigma", "sd σ of q", sigma.map(Math.log10), 0.005)}
  <div data-id="plot" class="elbo-plot"></div>
  <p class="elbo-reading elbo-shown" data-id="text"></p>
  <div class="elbo-shown">
    <div class="mvi-words"><span>How far from the best</span><span data-id="words"></span></div>
    <div class="mvi-meter" role="meter" aria-label="How far from the best, in nats" data-id="meter"
      aria-valuemin="0" aria-valuemax="100"><div data-id="fill"></div></div>
    <div class="mvi-ticks" aria-hidden="true">${TICKS}</div>
  </div>
  <div class="elbo-row">
    <button type="button" data-id="optimise">Move to the optimum</button>
    <button type="button" data-id="reset">Reset</button>
    <span class="elbo-note" data-id="note"></span>
  </div>
  <div class="mvi-spoken" aria-live="polite" data-id="spoken"></div>`;

// Draws all that stands still while the reader drags; returns what moves, and the pixels of a point.
function drawPicture(plot, options, target, width) {
  const { top, density } = options.curves[target];
  const step = top > 0.6 ? 0.2 : top > 0.3 ? 0.1 : 0.05;
  const ends = options.picture;
  const across = { label: "θ", ends, ticks: ticks(ends, width < 562 ? 5 : 2) };
  const up = { label: "density", ends: [0, top], ticks: ticks([0, top], step, step < 0.1 ? 2 : 1) };
  const { x, y, inner, svg } = panel({ ...PANEL, width }, across, up);
  const curve = density.map((value, k) => [(k * inner.width) / (density.length - 1), y(value)]);
  const p = line([[0, inner.height], ...curve, [inner.width, inner.height]]);
  plot.innerHTML = svg("", `<path class="mvi-p" d="${p}Z"/><path class="mvi-q" data-part="q"/>`);
  const picture = plot.firstElementChild;
  const { left, right } = PANEL.margin;
  picture.insertAdjacentHTML(
    "beforeend",
    `<g transform="translate(${left} 14)">
       <rect class="mvi-p" y="-9" width="18" height="9"/><text x="24">target p: ${target}</text>
     </g>
     <text data-part="clipped" x="${width - right}" y="14" text-anchor="end"></text>`,
  );
  const [q, clipped] = picture.querySelectorAll("[data-part]");
  const legend = clipped.previousElementSibling;
  const after = legend.lastElementChild.getComputedTextLength() + 40;
  legend.innerHTML += `<line class="mvi-q" x1="${after}" x2="${after + 18}" y1="-4" y2="-4"/>
    <text x="${after + 24}">approximation q</text>`;
  return { picture, q, clipped, x, y };
}

function drawQ({ picture, q, clipped, x, y }, { target, mu, sigma }, top) {
  const peak = 1 / (sigma * Math.sqrt(2 * Math.PI));
  const zs = range(101).map((k) => (k - 50) / 10);
  q.setAttribute("d", line(zs.map((z) => [x(mu + sigma * z), y(peak * Math.exp((-z * z) / 2))])));
  clipped.textContent = peak > top ? `q’s peak: ${peak.toFixed(2)} ↑` : "";
  const words = `density of the target ${target} and of q, normal, μ ${fixed(mu, 2)}, σ ${fixed(sigma, 3)}`;
  picture.setAttribute("aria-label", words);
}

function drawState(parts, state, options, reading) {
  const { target, objective, mu, sigma } = state;
  const width = widthOf(parts.plot);
  if (width > 0) {
    const key = `${target} ${width}`;
    if (parts.drawn?.key !== key) parts.drawn = { key, ...drawPicture(parts.plot, options, target, width) };
    drawQ(parts.drawn, state, options.curves[target].top);
  }
  parts.target.value = target;
  parts.objective.value = objective;
  place(parts, "mu", mu, fixed(mu, 2));
  place(parts, "sigma", Math.log10(sigma), fixed(sigma, 3)); // the slider holds log₁₀ σ
  drawReading(parts, reading, options, state);
}

function drawReading({ root, optimise, words, fill, meter }, reading, options, state) {
  const { target, objective, mu, sigma } = reading.state;
  Object.assign(root.dataset, { mu, sigma }); // which state the reading is for
  optimise.disabled = !(target === state.target && objective === state.objective && reading.best);
  const distance = reading.distance ?? { share: 1, words: "computing the best…" };
  words.textContent = distance.words;
  fill.style.width = `${100 * distance.share}%`;
  root.classList.toggle("mvi-best", distance.share === 0);
  meter.setAttribute("aria-valuenow", Math.min(100, distance.nats ?? 100));
  meter.setAttribute("aria-valuetext", distance.words);
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
  const on = controlling(parts, model);
  for (const name of ["target", "objective"]) on(name, "change", ({ value }) => ({ [name]: value }));
  on("mu", "input", ({ value }) => ({ mu: Number(value) }));
  // three decimals: the σ that is shown is the σ that is used
  on("sigma", "input", ({ value }) => ({ sigma: Number((10 ** value).toFixed(3)) }));
  on("reset", "click", () => model.get("start"));
  for (const control of [parts.mu, parts.sigma]) control.addEventListener("pointerdown", () => stop());
  parts.optimise.addEventListener("click", () => {
    stop();
    stop = moveTo(model, model.get("reading").best);
  });
  return () => stop();
}

export default {
  // two messages: with one, a reading waits for the whole round trip (p95 about 120 ms); with two it comes sooner, and
  // none can queue up
  initialize: asking({ most: 2, whole: ({ best }) => best }),
  render: viewing({
    name: "manual-vi",
    plots: ["plot"],
    alone: "No reading yet: is the kernel busy? If not, run the cell.",
    rest: ({ spoken }, { text, distance }) => (spoken.textContent = `${text}. ${distance?.words ?? ""}`),
    ...{ page, connect, drawState, drawReading },
  }),
};
