// The browser's side of noisy_descent.py, after base.js. All is computed here; the kernel is never asked.

const PANEL = { height: 270, margin: { left: 50, right: 12, top: 8, bottom: 38 } };
const SHADES = 9; // of the steps, by age
const DECADES = { from: -1, to: 3, names: ["0.1", "1", "10", "100", "1,000"] }; // of the distance from the optimum

const tables = new WeakMap(); // the rows, made once: x, x², y and xy of each
function tableOf(options) {
  const { rows, data_seed } = options;
  const make = () => {
    const table = range(4).map(() => new Float64Array(rows));
    for (let row = 0; row < rows; row++) {
      const [spread, noise] = normalPair(data_seed, row);
      const x = 1 + 0.8 * spread;
      const y = 0.4 - 0.1 * x + noise;
      [x, x * x, y, x * y].forEach((value, k) => (table[k][row] = value));
    }
    return table;
  };
  return tables.get(options) ?? tables.set(options, make()).get(options);
}

// The means of x, x², y and xy over the rows that a step reads.
function meansOf(step, { batch, seed }, options) {
  const [xs, xxs, ys, xys] = tableOf(options);
  let [x, xx, y, xy] = [0, 0, 0, 0];
  for (let k = 0; k < batch; k++) {
    const row = batch === options.rows ? k : Math.floor(options.rows * uniform(seed, step * batch + k));
    x += xs[row];
    xx += xxs[row];
    y += ys[row];
    xy += xys[row];
  }
  return [x / batch, xx / batch, y / batch, xy / batch];
}

// The means of q after 0, 1, … steps of gradient descent from (0, 0); fewer than all where it diverges.
export function walk(state, options) {
  const { steps, rows, too_far } = options;
  const all = state.batch === rows && meansOf(0, state, options);
  const path = [[0, 0]];
  for (let step = 0; step < steps && Math.abs(path[step][0]) + Math.abs(path[step][1]) <= too_far; step++) {
    const [a, b] = path[step];
    const [x, xx, y, xy] = all || meansOf(step, state, options);
    const rate = state.rate * (state.decay ? (1 + Math.cos((Math.PI * step) / steps)) / 2 : 1);
    // of the loss per row: first the batch's mean, then the prior's share of a row
    path.push([a - rate * (a + b * x - y + a / rows), b - rate * (a * x + b * xx - xy + b / rows)]);
  }
  return path;
}

// How far the means are from the optimum, in posterior sd along that way.
function distanceOf([a, b], { optimum, precision: [[aa, ab], [, bb]] }) {
  const [da, db] = [a - optimum[0], b - optimum[1]];
  return Math.sqrt(aa * da * da + 2 * ab * da * db + bb * db * db);
}

// The average of the steps of the second half so far, at each of them; empty for a path that diverged.
function averagesOf(path, { steps }) {
  const sums = [0, 0];
  const half = path.length > steps ? path.slice(steps / 2 + 1) : [];
  return half.map((means, k) => means.map((value, side) => (sums[side] += value) / (k + 1)));
}

const grouped = (count) => count.toLocaleString("en");
// Two significant digits as one reads them.
export function number(value) {
  const rounded = Number(value.toPrecision(2));
  return value < 0.01 ? "less than 0.01" : rounded >= 10 ? grouped(rounded) : `${rounded}`;
}

// What there is to draw and to say about a state.
export function read(state, options) {
  const { batches, steps, rows } = options;
  const path = walk(state, options);
  const averages = state.average ? averagesOf(path, options) : [];
  const [distances, average_distances] = [path, averages].map((points) => points.map((point) => distanceOf(point, options)));
  const [taken, [, amount]] = [path.length - 1, batches.find(([size]) => size === state.batch)];
  let text = `Diverged after ${taken} steps: too large a learning rate for ${amount} a step.`;
  if (taken === steps) {
    text = `Last step: ${number(distances.at(-1))} posterior sd from the optimum.`;
    if (state.average) text += ` Average of the second half: ${number(average_distances.at(-1))}.`;
  }
  const read = taken * state.batch;
  const cost = `${taken} steps of ${amount}: ${grouped(read)} rows read, ${number(read / rows)} epochs.`;
  return { path, distances, average: averages.slice(-1), average_distances, text, cost };
}

const page = ({ batches, rates }) => `
  ${slider("batch", "batch size", [0, batches.length - 1], 1)}
  ${slider("rate", "learning rate", rates.map(Math.log10), 0.05)}
  <div class="elbo-row">
    <label><input type="checkbox" data-id="decay"> let the rate decay</label>
    <label><input type="checkbox" data-id="average"> average the second half</label>
    <button type="button" data-id="reseed">Draw other rows</button>
  </div>
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
  <div aria-live="polite"><p class="elbo-reading" data-id="text"></p><p class="elbo-cost" data-id="cost"></p></div>`;

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
  on("reseed", "click", () => ({ seed: (stateOf(model).seed + 1) % 2 ** 32 }));
}

function drawState(parts, state, options) {
  const { batch, rate, decay, average } = state;
  const chosen = options.batches.findIndex(([size]) => size === batch);
  place(parts, "batch", chosen, options.batches[chosen][1]);
  place(parts, "rate", Math.log10(rate), `${rate}`); // the slider holds log₁₀ of the rate
  for (const [name, checked] of Object.entries({ decay, average })) parts[name].checked = checked;
  const reading = read(state, options);
  drawPlots(parts, {
    surface: (width) => surface(reading, options, width),
    distance: (width) => distances(reading, options, width),
  });
  parts["average-key"].hidden = reading.average.length === 0;
  for (const said of ["text", "cost"]) say(parts[said], reading[said]);
}

export default {
  initialize: fromStart,
  render: viewing({ name: "noisy-descent", plots: ["surface", "distance"], page, connect, drawState }),
};
