// Draws each Plotly figure when its reader comes near; until then its picture stands there. The library is larger than all
// the rest of a page, and most readers of the first paragraph need none of it.

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
  await load();
  const { data, layout, frames, config } = JSON.parse(place.querySelector("script").textContent);
  const box = document.createElement("div");
  box.setAttribute("role", "img");
  box.setAttribute("aria-label", place.querySelector("img").alt);
  place.replaceChildren(box);
  await Plotly.newPlot(box, data, layout, { ...config, responsive: true });
  if (frames) await Plotly.addFrames(box, frames);
}

const observer = new IntersectionObserver(
  (entries) =>
    entries.filter((entry) => entry.isIntersecting).forEach(({ target }) => {
      observer.unobserve(target);
      draw(target);
    }),
  { rootMargin: "400px" },
);
document.querySelectorAll(".elbo-figure").forEach((place) => observer.observe(place));
