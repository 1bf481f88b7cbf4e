// Sphinx's search shows an excerpt of each page: without the source of formulas, and none where a browser may not read files.

if (typeof Search !== "undefined") {
  const asText = Search.htmlToText;
  Search.htmlToText = (page, anchor) => {
    const parsed = new DOMParser().parseFromString(page, "text/html");
    parsed.querySelectorAll(".math, .headerlink, script, style, .cell_input").forEach((part) => part.remove());
    return asText(parsed.documentElement.outerHTML, anchor);
  };
  if (location.protocol === "file:") DOCUMENTATION_OPTIONS.SHOW_SEARCH_SUMMARY = false;
}
