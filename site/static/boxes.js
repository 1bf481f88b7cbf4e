// What scrolls in a box of its own (code, a wide table, a long formula) can be reached, and so scrolled, by the keyboard.

const BOXES = ".highlight pre, .cell_output .text_html, .table-wrapper, article p:has(> .math)";

function reach() {
  for (const box of document.querySelectorAll(BOXES)) {
    if (box.scrollWidth > box.clientWidth && getComputedStyle(box).overflowX === "auto") box.tabIndex = 0;
    else box.removeAttribute("tabindex");
  }
}

addEventListener("load", reach);
addEventListener("resize", reach);
document.addEventListener("toggle", reach, true); // a folded cell has no width
