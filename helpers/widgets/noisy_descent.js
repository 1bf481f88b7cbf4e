// The browser's side of noisy_descent.py, after base.js: it asks the kernel for paths and draws them.

const PANEL = { height: 270, margin: { left: 50, right: 12, top: 8, bottom: 38 } };
const SHADES = 9; // of the steps, by age
const DECADES = { from: -1, to: 3, names: ["0.1", "1", "10", "100", "1,000"] }; // of the distance from the optimum

const page = ({ batches, rates }) => `
  ${slider("batch", "batch size", [0, batches.length - 1], 1)}
  ${slider("rate", "learning rate", rates.map(Math.log10), 0.05)}
  <div class="elbo-row">
    <label><input type="checkbox" data-id="decay"> let the rate decay</label>
    <label><input type="checkbox" data-id="average"> average the second half</label>
    <button type="button" data-id="reseed">Draw other rows</button>
  </div>
  <div class="elbo-shown">
    <div class="elbo-row elbo-legend" aria-hidden="true">
      <span>${key('<path class="nd-line" d="M0 7H26"/><path class="nd-dots" d="M2 7h0M13 7h0M24 7h0"/>')} path</span>
      <span>${key(last(13, 7))} last step</span>
      <span>${key(cross(13, 7))} optimum</span>
      <span>${key('<ellipse class="nd-posterior" cx="13" cy="7" rx="11" ry="5"/>')} posterior, 2 sd</span>
      <span>${key('<path class="nd-contour" d="M0 7H26"/>')} contours: posterior sd</span>
      <span data-id="average-key">${key(diamond(13, 7))} average</span>
    </div>
    <div class="elbo-panels">
      <div><b>The loss, over the two means of q</b><div data-id="surface" class="elbo-plot"></div></div>
      <div><b>Distance from the optimum</b><div data-id="distance" class="elbo-plot"></div></div>
    </div>
    <div aria-live="polite"><p class="elbo-reading" data-id="text"></p><p class="elbo-cost" data-id="cost"></p></div>
  </div>
  <p class="elbo-note" role="status" data-id="note"></p>`;

const last = (x, y) => `<circle class="nd-last" cx="${x}" cy="${y}" r="4.5"/>`;
const diamond = (x, y) => `<path class="nd-average" d="M${x} ${y}m0 -6l6 6l-6 6l-6 -6Z"/>`;
const cross = (x, y) => `<path class="nd-optimum" d="M${x - 7} ${y}h14M${x} ${y - 7}v14"/>`;
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
  const [a, b] = options.window;
  const across = { label: "mean of q(a), the intercept", ends: a, ticks: ticks(a, 0.2, 1) };
  const up = { label: "mean of q(b), the slope", ends: b, ticks: ticks(b, 0.1, 1) };
  const { x, y, svg } = panel({ ...PANEL, width }, across, up);
  const at = ([a, b]) => [x(a), y(b)];
  const { rings, over } = contours(options, at);
  const dots = range(SHADES).map((shade) => {
    const aged = path.filter((_, step) => Math.floor((step * SHADES) / path.length) === shade);
    const d = aged.map((point) => `M${at(point).map(limited).join(" ")}h0`).join("");
    return `<path class="nd-dots" stroke-opacity="${0.2 + (0.8 * shade) / (SHADES - 1)}" d="${d}"/>`;
  });
  const walk = `<path class="nd-line" d="${line(path.map(at))}"/>${dots.join("")}`;
  const marks = [last(...at(path.at(-1)).map(limited)), ...average.map((point) => diamond(...at(point)))];
  const words = `contours of the loss, and a path of ${path.length - 1} steps. ${text}`;
  return svg(words, `${rings}${walk}${over}${marks.join("")}${cross(...at(options.optimum))}`);
}

function distances({ distances, average_distances, text }, { steps }, width) {
  const { from, to, names } = DECADES;
  const thirds = range(4).map((k) => (k * steps) / 3);
  const across = { label: "step", ends: [0, steps * 1.03], ticks: thirds.map((step) => [step, `${step}`]) };
  const up = { label: "posterior sd, log scale", ends: [from, to], ticks: names.map((name, k) => [from + k, name]) };
  const { x, y, svg } = panel({ ...PANEL, width }, across, up);
  const height = (distance) => y(Math.log10(Math.max(distance, 1e-3)));
  const curve = (name, values, first, mark) => {
    const points = values.map((distance, k) => [x(first + k), height(distance)]);
    return `<path class="${name}" d="${line(points)}"/>${mark(...points.at(-1).map(limited))}`;
  };
  const averaged = average_distances.length;
  const content = `<path class="nd-one" d="M0 ${y(0)}H${x(2 * steps)}"/>
    ${curve("nd-distance", distances, 0, last)}
    ${averaged ? curve("nd-averages", average_distances, steps + 1 - averaged, diamond) : ""}
    <text class="nd-label" x="6" y="${y(0) + 16}">one posterior sd</text>`;
  return svg(`distance from the optimum at each step. ${text}`, content);
}

// Makes the controls change the model.
function connect(parts, model, { batches }) {
  const on = controlling(parts, model);
  on("batch", "input", (slider) => ({ batch: batches[slider.value][0] }));
  // two digits: the rate that is shown is the rate that is used
  on("rate", "input", (slider) => ({ rate: Number((10 ** slider.value).toPrecision(2)) }));
  for (const name of ["decay", "average"]) on(name, "change", (box) => ({ [name]: box.checked }));
  on("reseed", "click", () => ({ seed: stateOf(model).seed + 1 }));
}

function drawState(parts, { batch, rate, decay, average }, { batches }) {
  const chosen = batches.findIndex(([size]) => size === batch);
  place(parts, "batch", chosen, batches[chosen][1]);
  place(parts, "rate", Math.log10(rate), `${rate}`); // the slider holds log₁₀ of the rate
  for (const [name, checked] of Object.entries({ decay, average })) parts[name].checked = checked;
}

function drawReading(parts, reading, options) {
  drawPlots(parts, {
    surface: (width) => surface(reading, options, width),
    distance: (width) => distances(reading, options, width),
  });
  parts["average-key"].hidden = reading.average.length === 0;
}

export default {
  initialize: asking({}),
  render: viewing({
    name: "noisy-descent",
    plots: ["surface", "distance"],
    alone: "No path yet: is the kernel busy? If not, run the cell.",
    ...{ page, connect, drawState, drawReading },
  }),
};
