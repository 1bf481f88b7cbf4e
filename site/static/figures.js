// Draws a Plotly figure when its reader asks for it; until then its picture stands there. The library weighs more than all the
// rest of a page, and most readers need no more than the picture.

const library = new URL("plotly.min.js", document.currentScript.src).href;
let loaded;

function load() {
  loaded ??= new Promise((done, failed) => {
    const script = Object.assign(document.createElement("script"), { src: library, onload: done, onerror: failed });
    document.head.append(script);
  });
  return loaded;
}

async function draw(place) {
  const { data, layout, frames, config } = JSON.parse(place.querySelector("script").textContent);
  await load();
  const box = document.createElement("div");
  box.setAttribute("role", "img");
  box.setAttribute("aria-label", place.querySelector("img").alt);
  box.tabIndex = -1;
  place.replaceChildren(box);
  await Plotly.newPlot(box, data, layout, { ...config, responsive: true });
  if (frames) await Plotly.addFrames(box, frames);
  box.focus({ preventScroll: true }); // which the button had
}

document.querySelectorAll(".elbo-figure").forEach((place) => {
  place.prepend(Object.assign(document.createElement("button"), { textContent: "Make this figure live" }));
  place.addEventListener("click", () => draw(place), { once: true }); // the button, or the picture
});
