// Dialogs: of actions, and the door for the token.
//
// Responsible for: asking, saying what will happen, sending on agreement, telling the result; asking for a token.
// Not here: which actions there are (`actions.js`).
//
// Invariants: Escape and Cancel change nothing; while a request is under way it is not sent a second time.

import { ACTIONS } from "./actions.js";
import { byId, h, replace, setText } from "/client/dom.js";
import { toast } from "./toasts.js";

export class Dialogs {
  /** `zones()` names the zones to choose from; `done()` is called after each action. */
  constructor({ api, zones, done }) {
    Object.assign(this, { api, zones, done });
  }

  /** Opens the dialog of an action; `given` are values that are known already. */
  open(name, given = {}) {
    const action = ACTIONS[name];
    const dialog = byId("dialog");
    const asked = action.fields.map((field) => this.#field(field, given[field.name] ?? ""));
    const says = h("p", { class: "says", role: "status" });
    const error = h("p", { class: "error", role: "alert" });
    const go = h("button", { class: action.danger ? "danger" : "primary", value: "go" }, action.button);
    const cancel = h("button", { type: "button", on: { click: () => dialog.close() } }, "Cancel");
    const values = () => ({
      ...given,
      ...Object.fromEntries(asked.map(({ input }) => [input.name, input.value.trim()])),
    });
    const tell = () => setText(says, action.says(values()));
    const send = async (event) => {
      event.preventDefault();
      if (go.disabled) return;
      go.disabled = true;
      setText(error, "");
      const failed = await this.#send(name, action.body(values()));
      go.disabled = false;
      if (failed) setText(error, failed);
      else dialog.close();
    };
    const form = h(
      "form",
      { on: { submit: send, input: tell } },
      h("h2", { id: "dialog-title" }, action.title),
      ...asked.map(({ box }) => box),
      h("h3", {}, "What will happen"),
      says,
      error,
      h("div", { class: "buttons" }, cancel, go),
    );
    replace(dialog, form);
    tell();
    dialog.showModal();
    (
      asked.find(({ input }) => !input.value && input.tagName !== "SELECT")?.input ?? (action.danger ? cancel : go)
    ).focus();
  }

  /** What went wrong, empty if nothing. */
  async #send(name, body) {
    try {
      const answer = await this.api.post("/v1/ops/actions", { action: name, ...body });
      if (!answer.ok) return answer.text || "it was not done";
      toast(answer.text || `${ACTIONS[name].title}: done`, true);
      return "";
    } catch (error) {
      return error.message;
    } finally {
      this.done();
    }
  }

  #field({ label, long, options, ...properties }, value) {
    let input;
    if (options === "zones") {
      input = h(
        "select",
        properties,
        h("option", { value: "" }, "the whole world"),
        ...this.zones().map((zone) => h("option", { value: zone }, zone)),
      );
    } else {
      input = h(long ? "textarea" : "input", {
        ...properties,
        ...(long ? { rows: 3 } : { type: properties.type ?? "text" }),
      });
    }
    input.value = value;
    return { input, box: h("label", { class: "field" }, h("span", {}, label), input) };
  }
}

/** Asks for a token until one is given; the API said `error`. */
export function askToken(error, given) {
  const door = byId("door");
  if (door.open) return;
  const input = h("input", {
    type: "password",
    required: true,
    autocomplete: "current-password",
    pattern: "[!-~]+",
    "aria-describedby": "door-why",
  });
  const enter = (event) => {
    event.preventDefault();
    door.close();
    given(input.value.trim());
  };
  replace(
    door,
    h(
      "form",
      { on: { submit: enter } },
      h("h2", { id: "door-title" }, "Operations"),
      h("p", { id: "door-why", class: "says" }, error.message),
      h("label", { class: "field" }, h("span", {}, "Token (setting ops_token)"), input),
      h("div", { class: "buttons" }, h("button", { class: "primary" }, "Enter")),
    ),
  );
  door.addEventListener("cancel", (event) => event.preventDefault(), { once: true });
  door.showModal();
  input.focus();
}
