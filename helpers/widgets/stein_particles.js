// The browser's side of stein_particles.py, after base.js: it asks the kernel where the particles are, and draws them.

const MARGIN = { left: 44, right: 10, top: 8, bottom: 38 };
const WIDEST = 520; // pixels

const page = ({ targets, counts, reach, steps }) => `
  <div class="elbo-row">
    ${menu("target", "target", Object.keys(targets))}
    <button type="button" data-id="reseed">Another start</button>
  </div>
  ${slider("particles", "particles", [0, counts.length - 1], 1)}
  ${slider("reach", "bandwidth", reach.map(Math.log10), 0.1)}
  ${slider("steps", "steps", [0, steps], 1)}
  <div class="elbo-shown">
    <div class="elbo-row elbo-legend" aria-hidden="true">
      <span>${key('<path class="sp-contour" d="M0 7H26"/>')} target, contours of its density</span>
      <span>${key(particles("M13 7h0"))} particles</span>
    </div>
    <div data-id="plane" class="elbo-plot"></div>
    <div aria-live="polite"><p class="elbo-reading" data-id="text"></p><p class="elbo-cost" data-id="cost"></p></div>
  </div>
  <p class="elbo-note" role="status" data-id="note"></p>`;

// Dots, each with a rim in the colour of the page.
const particles = (dots) => `<path class="sp-rim" d="${dots}"/><path class="sp-particle" d="${dots}"/>`;

// The paths of the contours, from the text that holds their points; a line ends where there is nothing between commas.
const paths = (contours, at) =>
  contours
    .split(",,")
    .map((points) => points.split(",").filter(Boolean))
    .map((points) => `${line(points.map((point) => at(point.split(" ").map(Number))))}Z`)
    .join("");

function plane({ points, text, state }, { targets }, width) {
  const { window: [across, up], contours } = targets[state.target];
  const inner = width - MARGIN.left - MARGIN.right;
  const height = 0.75 * inner + MARGIN.top + MARGIN.bottom; // one scale for both axes
  const { x, y, svg } = panel(
    { width, height, margin: MARGIN },
    { label: "x", ends: across, ticks: ticks(across, 2) },
    { label: "y", ends: up, ticks: ticks(up, 1) },
  );
  const at = ([a, b]) => [x(a), y(b)];
  const lines = `<path class="sp-contour" d="${paths(contours, at)}"/>`;
  const dots = points.map((point) => `M${at(point).map(limited).join(" ")}h0`).join("");
  return svg(`${points.length} particles on the target ${state.target}. ${text}`, lines + particles(dots));
}

// Makes the controls change the model.
function connect(parts, model, { counts }) {
  const on = controlling(parts, model);
  on("target", "change", (menu) => ({ target: menu.value }));
  on("particles", "input", (slider) => ({ particles: counts[slider.value] }));
  // two digits: the factor that is shown is the factor that is used
  on("reach", "input", (slider) => ({ reach: Number((10 ** slider.value).toPrecision(2)) }));
  on("steps", "input", (slider) => ({ steps: Number(slider.value) }));
  on("reseed", "click", () => ({ seed: stateOf(model).seed + 1 }));
}

function drawState(parts, { target, particles, reach, steps }, { counts }) {
  parts.target.value = target;
  place(parts, "particles", counts.indexOf(particles), `${particles}`);
  place(parts, "reach", Math.log10(reach), `${reach} × usual`); // the slider holds log₁₀ of the factor
  place(parts, "steps", steps, `${steps}`);
}

function drawReading(parts, reading, options) {
  drawPlots(parts, { plane: (width) => plane(reading, options, Math.min(width, WIDEST)) });
}

export default {
  initialize: asking({}),
  render: viewing({
    name: "stein-particles",
    plots: ["plane"],
    alone: "No particles yet: is the kernel busy? If not, run the cell.",
    ...{ page, connect, drawState, drawReading },
  }),
};
