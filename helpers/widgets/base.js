// What the course's newer widgets share; helpers/widgets/base.py puts it before each widget's own script. Every view of a
// model shares one local attribute, "state" (what the reader has chosen); the kernel's answers come in "reading".

const same = (a, b) => Object.keys(a).every((name) => a[name] === b[name]);
const stateOf = (model) => model.get("state") ?? model.get("reading").state;
const change = (model, changes) => model.set("state", { ...stateOf(model), ...changes });

// Runs once a model: asks the kernel about the last state, always, and about those between as it keeps up.
// lost: ms after which a message without an answer no longer holds back the next one.
// pause: ms without a change before the kernel is asked.
const asking = ({ lost, pause }) => ({ model }) => {
  const client = Math.random().toString(36).slice(2);
  let count = 0;
  let timer = 0;
  let awaited = null; // the message in flight: its token, and since when

  const ask = () => {
    const state = stateOf(model);
    if (same(state, model.get("reading").state)) return;
    if (awaited && performance.now() - awaited.since < lost) return;
    awaited = { token: `${client}-${++count}`, since: performance.now() };
    model.send({ state, token: awaited.token });
  };

  const changed = () => {
    clearTimeout(timer);
    if (pause) timer = setTimeout(ask, pause);
    else ask();
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
};

// Runs once a view, of the class `name`, whose CSS names begin with `prefix`. It calls connect(parts, model, options)
// once, drawControls(parts, state, options) and drawReading(parts, reading, options) on every change, and says `busy`
// while it waits for the kernel, and `alone` after `patience` ms without an answer. `plots` are redrawn when they grow.
const viewing = ({ name, prefix, page, connect, drawControls, drawReading, plots, busy, alone, patience }) =>
  ({ model, el }) => {
    const options = model.get("options");
    const root = document.createElement("div");
    root.className = name;
    root.innerHTML = page(options);
    const parts = Object.fromEntries([...root.querySelectorAll("[data-id]")].map((node) => [node.dataset.id, node]));
    for (const [role, colour] of Object.entries(options.colours)) root.style.setProperty(`--${prefix}-${role}`, colour);
    el.replaceChildren(root);
    connect(parts, model, options);

    let timer = 0;
    const wait = () => {
      const stale = !same(stateOf(model), model.get("reading").state);
      root.classList.toggle(`${prefix}-stale`, stale);
      if (stale && timer) return;
      clearTimeout(timer);
      timer = stale ? setTimeout(() => (parts.note.textContent = alone), patience) : 0;
      parts.note.textContent = stale ? busy : "";
    };
    const choose = () => {
      drawControls(parts, stateOf(model), options);
      wait();
    };
    const show = () => {
      drawReading(parts, model.get("reading"), options);
      for (const said of ["text", "cost"]) { // they are spoken when they change
        const words = model.get("reading")[said];
        if (parts[said].textContent !== words) parts[said].textContent = words;
      }
      wait();
    };

    model.on("change:state", choose);
    model.on("change:reading", show);
    const observer = new ResizeObserver(show);
    for (const plot of plots) observer.observe(parts[plot]);
    choose();
    show();
    return () => {
      clearTimeout(timer);
      observer.disconnect();
      model.off("change:state", choose);
      model.off("change:reading", show);
    };
  };

const SLIDER = 'type="range" data-lm-suppress-shortcuts="true"'; // or JupyterLab and Notebook take the arrow keys
const key = (content) => `<svg width="26" height="14">${content}</svg>`;
const minus = (text) => text.replace("-", "−");
const range = (count) => Array.from({ length: count }, (_, k) => k);
const limited = (pixels) => Math.max(-1e4, Math.min(1e4, pixels)).toFixed(1); // a curve can go very far
const line = (points) => `M${points.map((point) => point.map(limited).join(" ")).join("L")}`;

// A function from the values of an axis to pixels.
const scale = ([low, high], from, to) => (value) => from + ((value - low) / (high - low)) * (to - from);

// The multiples of `step` between the ends, each with its text.
const ticks = (ends, step, digits) =>
  range(21)
    .map((k) => (k - 10) * step)
    .filter((value) => value >= ends[0] && value <= ends[1])
    .map((value) => [value, value.toFixed(digits)]);

// The SVG of a plot, its CSS names beginning with `prefix`. Each axis has a label, its ends and its ticks
// [value, text]; what draw(x, y) gives is clipped.
function panel({ prefix, width, height, margin, words }, across, up, draw) {
  const inner = { width: width - margin.left - margin.right, height: height - margin.top - margin.bottom };
  const x = scale(across.ends, 0, inner.width);
  const y = scale(up.ends, inner.height, 0);
  const below = across.ticks.map(
    ([value, text]) =>
      `<path class="${prefix}-tick" d="M${x(value)} ${inner.height}v4"/>
       <text x="${x(value)}" y="${inner.height + 17}" text-anchor="middle">${minus(text)}</text>`,
  );
  const beside = up.ticks.map(
    ([value, text]) =>
      `<path class="${prefix}-tick" d="M0 ${y(value)}h-4"/>
       <text x="-7" y="${y(value) + 4}" text-anchor="end">${minus(text)}</text>`,
  );
  return `<svg width="${width}" height="${height}" role="img" aria-label="${words}">
    <g transform="translate(${margin.left} ${margin.top})">
      ${below.join("")}${beside.join("")}
      <text x="${inner.width / 2}" y="${inner.height + 34}" text-anchor="middle">${across.label}</text>
      <text transform="translate(${11 - margin.left} ${inner.height / 2}) rotate(-90)" text-anchor="middle">${up.label}</text>
      <svg width="${inner.width}" height="${inner.height}">${draw(x, y)}</svg>
      <rect class="${prefix}-frame" width="${inner.width}" height="${inner.height}"/>
    </g>
  </svg>`;
}
