// The one box of details beside what the pointer or the focus is on.
//
// Responsible for: its content and place. Not here: what it says.
//
// Invariant: it never takes focus or the pointer, and stays inside the window.

import { byId, replace } from "/client/dom.js";

const AWAY = 10;

/** Shows `content` (nodes) beside `rect` (of the window). */
export function showTip(rect, content) {
  const tip = byId("tip");
  replace(tip, ...content);
  tip.hidden = false;
  const { width, height } = tip.getBoundingClientRect();
  const right = rect.right + AWAY;
  const left = right + width < innerWidth ? right : Math.max(rect.left - AWAY - width, 4);
  const top = Math.min(Math.max(rect.top, 4), Math.max(innerHeight - height - 4, 4));
  tip.style.transform = `translate(${Math.round(left)}px, ${Math.round(top)}px)`;
}

export function hideTip() {
  byId("tip").hidden = true;
}
