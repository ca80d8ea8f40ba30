// Short ways to make elements. Texts are never parsed as markup.

/** The element with an id. */
export const byId = (id) => document.getElementById(id);

/** Makes an element: properties by name, attributes by `attr`, and children. */
export function make(tag, { attr = {}, ...properties } = {}, ...children) {
  const element = Object.assign(document.createElement(tag), properties);
  for (const [name, value] of Object.entries(attr)) element.setAttribute(name, value);
  element.append(...children.filter((each) => each !== null && each !== undefined));
  return element;
}

/** Sets the text of an element if it differs, so that nothing is drawn or announced in vain. */
export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/** Sets a property if it differs. */
export function set(element, name, value) {
  if (element[name] !== value) element[name] = value;
}

let noticeTimer = 0;

/** Shows a short notice, which screen readers announce. */
export function notify(text) {
  const notice = byId("notice");
  notice.textContent = text;
  clearTimeout(noticeTimer);
  noticeTimer = setTimeout(() => (notice.textContent = ""), 8000);
}

/** Fills a select with pairs of value and text. Keeps the choice if it is still there. */
export function fill(select, pairs) {
  const wanted = JSON.stringify(pairs);
  if (select.dataset.pairs === wanted) return;
  const chosen = select.options.length ? select.value : null;
  select.dataset.pairs = wanted;
  select.replaceChildren(...pairs.map(([value, text]) => make("option", { value, textContent: text })));
  if (pairs.some(([value]) => value === chosen)) select.value = chosen;
}
