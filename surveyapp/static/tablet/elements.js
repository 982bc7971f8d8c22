// Builds elements without any text ever being read as HTML.

const SVG = "http://www.w3.org/2000/svg";

/** Make an element: attributes that are null or false are left out, true stands alone. */
export function el(name, attributes = {}, ...children) {
  return filled(document.createElement(name), attributes, children);
}

export function svg(name, attributes = {}, ...children) {
  return filled(document.createElementNS(SVG, name), attributes, children);
}

function filled(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

/** Fill the places of a text: "Câu {number}/{total}". */
export function filledIn(text, values) {
  return text.replace(/\{(\w+)\}/g, (_, name) => values[name]);
}

export function arrow(sign) {
  return el("span", { class: "arrow", "aria-hidden": "true" }, sign);
}

export function foot(...buttons) {
  return el("div", { class: "foot" }, el("div", { class: "foot-inner" }, ...buttons));
}
