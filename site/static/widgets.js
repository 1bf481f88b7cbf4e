// Puts each widget in place of its picture. It gets a model as anywidget would give it: what the notebook has stored, which
// it may change, and nobody to send anything to.

function modelOf(attributes) {
  const listeners = {};
  const heard = (event) => (listeners[event] ??= new Set());
  return {
    get: (name) => attributes[name],
    set: (name, value) => {
      attributes[name] = value;
      heard(`change:${name}`).forEach((listener) => listener());
    },
    on: (event, listener) => heard(event).add(listener),
    off: (event, listener) => heard(event).delete(listener),
    save_changes: () => {},
  };
}

async function enliven(place) {
  const { _esm, _css, ...attributes } = JSON.parse(place.querySelector("script").textContent);
  const address = URL.createObjectURL(new Blob([_esm], { type: "text/javascript" }));
  const widget = (await import(address)).default;
  const style = document.createElement("style");
  style.textContent = _css;
  const view = document.createElement("div");
  place.replaceChildren(style, view);
  const model = modelOf(attributes);
  widget.initialize({ model });
  widget.render({ model, el: view });
}

document.querySelectorAll(".elbo-live").forEach(enliven);
