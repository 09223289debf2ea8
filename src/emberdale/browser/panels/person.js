/**
 * Who sits at the page: what it is told aloud, and whether it is writing.
 */

import { byId, setText } from '/client/dom.js';

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
