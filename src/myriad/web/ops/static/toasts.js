// Short notes about what became of an action.
//
// Responsible for: showing one, and taking it away again. Not here: what they say.
//
// Invariant: a failure stays until it is closed.

import { byId, h } from "/client/dom.js";

const STAYS_MS = 7000;

export function toast(text, good) {
  const close = () => note.remove();
  const note = h(
    "div",
    { class: `toast ${good ? "toast-good" : "toast-bad"}` },
    h("span", { "aria-hidden": "true" }, good ? "✔" : "✖"),
    h("span", { class: "toast-text" }, text),
    h("button", { type: "button", class: "plain", "aria-label": "Close this note", on: { click: close } }, "×"),
  );
  byId("toasts").append(note);
  if (good) setTimeout(close, STAYS_MS);
}
