/**
 * Making and changing elements.
 *
 * Invariants: text only ever becomes a text node, never markup; styles go through the CSSOM, never a style attribute; an
 * element is touched only where something differs.
 */

/** @typedef {Node | string | number | null | undefined | false} Child */

/** `h('p', {class: 'note', on: {click: run}}, 'text', other)`.
 * @param {string} tag @param {Record<string, any> | null} [properties] @param {...(Child | Child[])} children
 * @returns {any} */
export function h(tag, properties, ...children) {
  const element = document.createElement(tag);
  for (const [key, value] of Object.entries(properties ?? {})) {
    if (value === null || value === undefined || value === false) continue;
    if (key === 'on') for (const [name, run] of Object.entries(value)) element.addEventListener(name, run);
    else if (key === 'data') Object.assign(element.dataset, value);
    else if (key === 'value') element.value = value;
    else element.setAttribute(key, value === true ? '' : String(value));
  }
  append(element, children);
  return element;
}

function append(element, children) {
  for (const child of children.flat(Infinity)) {
    if (child === null || child === undefined || child === false) continue;
    element.append(child instanceof Node ? child : document.createTextNode(String(child)));
  }
}

/** @param {Element} element @param {string | number} text */
export function setText(element, text) {
  const wanted = String(text);
  if (element.textContent !== wanted) element.textContent = wanted;
}

/** @param {HTMLElement} element @param {boolean} wanted */
export function show(element, wanted) {
  if (element.hidden === wanted) element.hidden = !wanted;
}

/** @param {Element} element @param {string} name @param {boolean} wanted */
export function setClass(element, name, wanted) {
  if (element.classList.contains(name) !== wanted) element.classList.toggle(name, wanted);
}

/** @param {HTMLElement} element @param {string} name @param {string} value */
export function setStyle(element, name, value) {
  if (element.style.getPropertyValue(name) !== value) element.style.setProperty(name, value);
}

/** @param {Element} element @param {string} name @param {string | number} value */
export function setAttribute(element, name, value) {
  if (element.getAttribute(name) !== String(value)) element.setAttribute(name, String(value));
}

/** New children in place of all others. @param {Element} element @param {...(Child | Child[])} children */
export function replace(element, ...children) {
  element.replaceChildren();
  append(element, children);
}

/** @param {string} id @returns {any} */
export const byId = (id) => document.getElementById(id);

/** For who hears the page instead of seeing it. @param {string} text */
export function speak(text) {
  setText(byId('spoken'), text);
}

/** True if the keyboard belongs to a field of the page now. */
export function isWriting() {
  const { activeElement } = document;
  return activeElement instanceof HTMLInputElement
    ? activeElement.type !== 'range' && activeElement.type !== 'checkbox'
    : activeElement instanceof HTMLTextAreaElement || activeElement instanceof HTMLSelectElement;
}
