// The browser's side of correlated_gaussian.py, after base.js. All is computed here; the kernel is never asked.

const PANEL = { height: 290, margin: { left: 50, right: 12, top: 8, bottom: 38 } };

// The best mean-field Gaussian: its sds over the exact ones, and KL(q‖p) in nats.
export const sdRatio = (rho) => Math.sqrt(1 - rho * rho);
export const gap = (rho) => -0.5 * Math.log1p(-rho * rho);
// Of θ₁ and θ₂; their product is 1, so that the picture keeps its size.
export const sdsOf = ({ ratio }) => [1 / Math.sqrt(ratio), Math.sqrt(ratio)];

const page = ({ rho, ratio }) => `
  ${slider("rho", "correlation ρ", rho, 0.01)}
  ${slider("ratio", "ratio of sds", ratio.map(Math.log2), 0.05)}
  <div class="elbo-row"><button type="button" data-id="reset">Reset</button></div>
  <div class="elbo-row elbo-legend" aria-hidden="true">
    <span>${key('<ellipse class="cg-posterior" cx="13" cy="7" rx="12" ry="6"/>')} exact posterior</span>
    <span>${key('<ellipse class="cg-mean-field" cx="13" cy="7" rx="12" ry="5"/>')} best mean-field</span>
    <span>${key('<path class="cg-full-rank" d="M0 7H26"/>')} best full-rank</span>
    <span>${key(mark(13, 7))} here both ellipses meet</span>
  </div>
  <div class="elbo-panels">
    <div><b>Ellipses at 1 and 2 sd</b><div data-id="ellipses" class="elbo-plot"></div></div>
    <div><b>KL(q‖p) of the best q</b><div data-id="gap" class="elbo-plot"></div></div>
  </div>
  <div aria-live="polite"><p class="elbo-reading" data-id="reading"></p><p class="elbo-cost" data-id="full"></p></div>`;

const mark = (x, y) => `<circle class="cg-mark" cx="${x}" cy="${y}" r="4.5"/>`;

function ellipses(state, { reach }, width) {
  const { left, right, top, bottom } = PANEL.margin;
  const across = (reach * (width - left - right)) / (PANEL.height - top - bottom); // equal scales
  const axis = (label, far) => ({ label, ends: [-far, far], ticks: ticks([-far, far], 2) });
  const { x, y, svg } = panel({ ...PANEL, width }, axis("θ₁", across), axis("θ₂", reach));
  const sds = sdsOf(state);
  const best = sds.map((sd) => sd * sdRatio(state.rho));
  const draw = (name, [one, other], rho, radius) => {
    const factor = [one, other * rho, other * sdRatio(rho)];
    const points = ellipse([0, 0], factor, radius).map(([first, second]) => [x(first), y(second)]);
    return `<path class="cg-${name}" d="${line(points)}Z"/>`;
  };
  const [a, b] = best.map((sd) => 2 * sd);
  const ends = [[a, 0], [-a, 0], [0, b], [0, -b]].map(([first, second]) => mark(x(first), y(second)));
  const [sizes, exact] = [best, sds].map((pair) => pair.map((sd) => fixed(sd, 2)).join(" and "));
  return svg(
    `the posterior, a Gaussian with sds ${exact} and correlation ${fixed(state.rho, 2)}; ` +
      `over it the best mean-field Gaussian, with sds ${sizes}, and the best full-rank Gaussian, the posterior itself`,
    `${[2, 1].map((radius) => draw("posterior", sds, state.rho, radius)).join("")}
     <path class="cg-axis" d="M${x(-a)} ${y(0)}H${x(a)}M${x(0)} ${y(-b)}V${y(b)}"/>
     ${draw("full-rank", sds, state.rho, 2)}
     ${[2, 1].map((radius) => draw("mean-field", best, 0, radius)).join("")}${ends.join("")}`,
  );
}

function gaps({ rho }, { nats: ends }, width) {
  const up = { label: "KL(q‖p), nats", ends, ticks: ticks(ends, 0.5, 1) };
  const across = { label: "correlation ρ", ends: [-1.08, 1.08], ticks: ticks([-1, 1], 0.5, 1) };
  const { x, y, svg } = panel({ ...PANEL, width }, across, up);
  const curve = range(199).map((k) => (k - 99) / 100);
  return svg(
    `KL over the correlation, from 0 at ρ = 0 to ${gap(0.99).toFixed(1)} nats at ρ = ±0.99; here ${gap(rho).toFixed(3)}`,
    `<path class="cg-full-rank" d="M${x(-1)} ${y(0)}H${x(1)}"/>
     <path class="cg-mean-field" d="${line(curve.map((rho) => [x(rho), y(gap(rho))]))}"/>${mark(x(rho), y(gap(rho)))}`,
  );
}

export const describe = ({ rho }) =>
  `Best mean-field: ${sdRatio(rho).toFixed(3)} of the exact sds, KL(q‖p) = ${gap(rho).toFixed(3)} nats`;

// Makes the controls change the model.
function connect(parts, model) {
  const on = controlling(parts, model);
  on("rho", "input", ({ value }) => ({ rho: Number(value) }));
  // two decimals: the ratio that is shown is the ratio that is used
  on("ratio", "input", ({ value }) => ({ ratio: Number((2 ** value).toFixed(2)) }));
  on("reset", "click", () => model.get("start"));
}

function drawState(parts, state, options) {
  drawPlots(parts, {
    ellipses: (width) => ellipses(state, options, width),
    gap: (width) => gaps(state, options, width),
  });
  place(parts, "rho", state.rho, fixed(state.rho, 2));
  place(parts, "ratio", Math.log2(state.ratio), fixed(state.ratio, 2)); // the slider holds log₂ of the ratio
  say(parts.reading, describe(state));
  say(parts.full, "Best full-rank: the posterior itself, KL(q‖p) = 0 nats");
}

export default {
  initialize: fromStart,
  render: viewing({ name: "correlated-gaussian", plots: ["ellipses", "gap"], page, connect, drawState }),
};
