// Turns the slides by the arrow keys, and shows all of them by a click on a number.

const slides = [...document.querySelectorAll("section")];

function now() {
  const places = slides.map((slide) => Math.abs(slide.getBoundingClientRect().top));
  return places.indexOf(Math.min(...places));
}

function show(k) {
  document.body.classList.remove("all");
  slides[Math.min(Math.max(k, 0), slides.length - 1)].scrollIntoView();
}

slides.forEach((slide, k) => {
  const number = Object.assign(document.createElement("button"), {
    className: "number", type: "button", textContent: `${k + 1} / ${slides.length}`, title: "show all slides",
  });
  number.addEventListener("click", (event) => {
    event.stopPropagation();
    if (document.body.classList.toggle("all")) slide.scrollIntoView({ block: "center" });
    else show(k);
  });
  slide.addEventListener("click", () => document.body.classList.contains("all") && show(k));
  slide.append(number);
});

const steps = { ArrowRight: 1, ArrowDown: 1, PageDown: 1, " ": 1, ArrowLeft: -1, ArrowUp: -1, PageUp: -1 };
document.addEventListener("keydown", (event) => {
  const busy = event.target.closest("input, select, textarea, button, summary, a, [tabindex]");
  if (busy || event.ctrlKey || event.altKey || event.metaKey) return;
  if (event.key === "Home" || event.key === "End") show(event.key === "Home" ? 0 : slides.length - 1);
  else if (event.key in steps) show(now() + steps[event.key]);
  else return;
  event.preventDefault();
});
