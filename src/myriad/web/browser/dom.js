/**
 * Making and changing elements: for every page of the engine and of games.
 *
 * Responsible for: elements from JavaScript, HTML and SVG, and changing them only where something differs. Not here: what
 * is shown.
 *
 * Invariants: text only ever becomes a text node, never markup; styles go through the CSSOM, never a style attribute.
 */

/** @typedef {Node | string | number | null | undefined | false} Child */

const SVG = 'http://www.w3.org/2000/svg';

/** An HTML element: `h('p', {class: 'note', on: {click: run}}, 'text', other)`.
 * @param {string} tag @param {Record<string, any> | null} [properties] @param {...(Child | Child[])} children
 * @returns {any} */
export function h(tag, properties, ...children) {
  return filled(document.createElement(tag), properties, children);
}

/** The same for SVG. @param {string} tag @param {Record<string, any> | null} [properties]
 * @param {...(Child | Child[])} children @returns {any} */
export function s(tag, properties, ...children) {
  return filled(document.createElementNS(SVG, tag), properties, children);
}

function filled(element, properties, children) {
  for (const [key, value] of Object.entries(properties ?? {})) {
    if (value === null || value === undefined || value === false) continue;
    if (key === 'on') for (const [name, run] of Object.entries(value)) element.addEventListener(name, run);
    else if (key === 'data') Object.assign(element.dataset, value);
    else if (key === 'style') for (const [name, text] of Object.entries(value)) element.style.setProperty(name, text);
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

/** The element's only text. @param {Element} element @param {string | number} text */
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

/** True: without a value; false and nothing: none at all. @param {Element} element @param {string} name
 * @param {string | number | boolean | null | undefined} value */
export function setAttribute(element, name, value) {
  if (value === null || value === undefined || value === false) {
    if (element.hasAttribute(name)) element.removeAttribute(name);
  } else if (element.getAttribute(name) !== String(value)) {
    element.setAttribute(name, value === true ? '' : String(value));
  }
}

/** New children in place of all others. @param {Element} element @param {...(Child | Child[])} children */
export function replace(element, ...children) {
  element.replaceChildren();
  append(element, children);
}

/**
 * Keeps one child of `parent` per item, in their order: `make(item)` once for a new key, `update(child, item)` always.
 * Focus, hover and selection stay where they are, because children are only moved when the order changed.
 */
export function keyed(parent, items, keyOf, make, update) {
  const known = (parent.keyedChildren ??= new Map());
  const wanted = new Set();
  let place = parent.firstChild;
  for (const item of items) {
    const key = keyOf(item);
    wanted.add(key);
    let child = known.get(key);
    if (child === undefined) {
      child = make(item);
      known.set(key, child);
    }
    update(child, item);
    if (child === place) place = place.nextSibling;
    else parent.insertBefore(child, place);
  }
  for (const [key, child] of known) {
    if (wanted.has(key)) continue;
    child.remove();
    known.delete(key);
  }
}

/** @param {string} id @returns {any} */
export const byId = (id) => document.getElementById(id);
