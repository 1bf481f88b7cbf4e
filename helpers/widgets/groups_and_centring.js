// The browser's side of groups_and_centring.py, after base.js. All is computed here; the kernel is never asked.

const PANEL = { height: 250, margin: { left: 46, right: 12, top: 8, bottom: 38 } };
const NAMES = ["log τ", "level of the last group"];

const page = ({ groups, readings, centring }) => `
  ${slider("groups", "groups", [0, groups.length - 1], 1)}
  ${slider("readings", "readings in each", [0, readings.length - 1], 1)}
  ${slider("centring", "centring c", [0, centring.length - 1], 1)}
  <div class="elbo-row"><button type="button" data-id="reset">Reset</button></div>
  <div class="elbo-row elbo-legend" aria-hidden="true">
    <span>${key('<path class="gc-exact" d="M0 12Q13 -8 26 12"/>')} exact posterior</span>
    <span>${key('<path class="gc-q" d="M0 12Q13 -8 26 12"/>')} best mean-field q</span>
  </div>
  <div class="elbo-panels">
    <div><b>log τ</b><div data-id="log-tau" class="elbo-plot"></div></div>
    <div><b>Level of the last group</b><div data-id="level" class="elbo-plot"></div></div>
  </div>
  <div aria-live="polite">
    <p class="elbo-reading" data-id="about-log-tau"></p><p class="elbo-reading" data-id="about-level"></p>
  </div>`;

const normal = (at, mean, sd) => Math.exp(-0.5 * ((at - mean) / sd) ** 2) / (sd * Math.sqrt(2 * Math.PI));
const tableOf = ({ groups, readings }, options, name) =>
  options[name][options.groups.indexOf(groups)][options.readings.indexOf(readings)];
const qOf = (state, options) => tableOf(state, options, "q")[options.centring.indexOf(state.centring)];

// q's level of the last group, given each of some values of log τ: [share, mean, sd].
function levelOfQ(state, options) {
  const { nodes, far } = options;
  const [mu, muSd, logTau, logTauSd, x, xSd] = qOf(state, options);
  const all = range(nodes).map((k) => far * ((2 * k) / (nodes - 1) - 1));
  const total = sum(all.map((z) => normal(z, 0, 1)));
  return all.map((z) => {
    const width = Math.exp((1 - state.centring) * (logTau + logTauSd * z));
    const own = 1 - state.centring * width;
    return [normal(z, 0, 1) / total, own * mu + width * x, Math.hypot(own * muSd, width * xSd)];
  });
}

// Mean and sd under q, of log τ and of the level.
export function momentsOfQ(state, options) {
  const parts = levelOfQ(state, options);
  const middle = sum(parts.map(([share, mean]) => share * mean));
  const variance = sum(parts.map(([share, mean, sd]) => share * (sd ** 2 + (mean - middle) ** 2)));
  return [qOf(state, options).slice(2, 4), [middle, Math.sqrt(variance)]];
}

// Of log τ and of the level, on the axes of the panels.
export function densitiesOfQ(state, options) {
  const [logTau, logTauSd] = qOf(state, options).slice(2, 4);
  const parts = levelOfQ(state, options);
  const grids = gridsOf(state, options);
  const level = (at) => sum(parts.map(([share, mean, sd]) => share * normal(at, mean, sd)));
  return [grids[0].map((at) => normal(at, logTau, logTauSd)), grids[1].map(level)];
}

function gridsOf(state, options) {
  const points = tableOf(state, options, "exact")[0].length;
  return options.axes.map(([low, high]) => range(points).map((k) => low + ((high - low) * k) / (points - 1)));
}

// How q compares with the exact posterior, as the lines that the reader sees.
export function describe(state, options) {
  const exact = tableOf(state, options, "moments");
  return momentsOfQ(state, options).map(([mean, sd], k) => {
    const error = fixed((mean - exact[k][0]) / exact[k][1], 2);
    const signed = error.startsWith("−") ? error : `+${error}`;
    return `${NAMES[k]}: mean ${signed} sd off, sd ${(sd / exact[k][1]).toFixed(2)} of the exact one`;
  });
}

function plot(state, options, k, width) {
  const exact = tableOf(state, options, "exact")[k];
  const q = densitiesOfQ(state, options)[k];
  const grid = gridsOf(state, options)[k];
  const top = 1.1 * Math.max(...exact, ...q);
  const step = [0.1, 0.2, 0.5, 1, 2].find((each) => top / each < 6);
  const ends = options.axes[k];
  const across = { label: NAMES[k], ends, ticks: ticks(ends, 2) };
  const up = { label: "density", ends: [0, top], ticks: ticks([0, top], step, 1) };
  const { x, y, svg } = panel({ ...PANEL, width }, across, up);
  const path = (values) => line(values.map((value, i) => [x(grid[i]), y(value)]));
  return svg(
    `the exact posterior and the best mean-field q. ${describe(state, options)[k]}`,
    `<path class="gc-exact" d="${path(exact)}"/><path class="gc-q" d="${path(q)}"/>`,
  );
}

// Makes the controls change the model.
function connect(parts, model, options) {
  const on = controlling(parts, model);
  for (const name of ["groups", "readings", "centring"]) {
    on(name, "input", ({ value }) => ({ [name]: options[name][value] }));
  }
  on("reset", "click", () => model.get("start"));
}

function drawState(parts, state, options) {
  drawPlots(parts, {
    "log-tau": (width) => plot(state, options, 0, width),
    level: (width) => plot(state, options, 1, width),
  });
  for (const name of ["groups", "readings"]) place(parts, name, options[name].indexOf(state[name]), `${state[name]}`);
  place(parts, "centring", options.centring.indexOf(state.centring), state.centring.toFixed(1));
  const lines = describe(state, options);
  ["about-log-tau", "about-level"].forEach((name, k) => say(parts[name], lines[k]));
}

export default {
  initialize: fromStart,
  render: viewing({ name: "groups-and-centring", plots: ["log-tau", "level"], page, connect, drawState }),
};
