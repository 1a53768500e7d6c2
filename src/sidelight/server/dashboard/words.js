// How things read, and how nodes are made. Text always becomes a text node; nothing here parses markup.

const SVG = "http://www.w3.org/2000/svg";

/** An element with properties and children. Strings are text. */
export function el(name, about = {}, ...children) {
  const node = document.createElement(name);
  for (const [key, value] of Object.entries(about)) {
    if (value === undefined || value === null || value === false) continue;
    if (key.startsWith("on")) node.addEventListener(key.slice(2), value);
    else if (key === "class") node.className = value;
    else if (key === "data") Object.assign(node.dataset, value);
    else node.setAttribute(key, value === true ? "" : String(value));
  }
  node.append(...children.filter((one) => one !== null && one !== undefined && one !== false));
  return node;
}

/** One of the page's own symbols. */
export function symbol(name) {
  const svg = document.createElementNS(SVG, "svg");
  const use = document.createElementNS(SVG, "use");
  use.setAttribute("href", `#i-${name}`);
  svg.setAttribute("aria-hidden", "true");
  svg.append(use);
  return svg;
}

/** Foreign text on one line whose short names (`…4f2a`) are not parted from their dots at a line's end. */
export function worded(text) {
  return plain(text).split(/(…[\w-]{1,16})/).map((part, odd) => (odd % 2 ? el("span", { class: "whole" }, part) : part));
}

/** A node of an SVG drawing. */
export function drawn(name, about = {}) {
  const node = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(about)) node.setAttribute(key, String(value));
  return node;
}

/** Foreign text on one line: what is invisible or turns the writing round is shown as an escape. */
export function plain(text) {
  return String(text ?? "").replace(/[\p{Cc}\p{Cf}\p{Co}\p{Cs}\u2028\u2029]/gu, (one) => {
    const code = one.codePointAt(0).toString(16);
    return code.length > 2 ? `\\u{${code}}` : `\\x${code.padStart(2, "0")}`;
  });
}

const CLOCK = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
const EXACT = new Intl.DateTimeFormat(undefined, {
  hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23",
});
const DAY = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short" });

/** 14:05 */
export const clock = (ts) => CLOCK.format(ts);

/** 14:05:09, with the day if it is not today's. */
export function exact(ts, now) {
  const sameDay = new Date(ts).toDateString() === new Date(now).toDateString();
  return sameDay ? EXACT.format(ts) : `${DAY.format(ts)}, ${EXACT.format(ts)}`;
}

/** 3 min */
export function lasted(ms) {
  const s = Math.max(0, Math.floor(ms / 1000));
  if (s < 60) return `${s} s`;
  if (s < 3600) return `${Math.floor(s / 60)} min`;
  if (s < 86400) return `${Math.floor(s / 3600)} h`;
  return `${Math.floor(s / 86400)} d`;
}

/** 3 min ago */
export const ago = (ms) => (ms < 5000 ? "just now" : `${lasted(ms)} ago`);

/** 1 conflict, 2 conflicts */
export function many(number, one, more = `${one}s`) {
  return `${number.toLocaleString()} ${number === 1 ? one : more}`;
}

/** How an intent or a call ended, in words. */
export const STATES = {
  open: "open", finished: "finished", expired: "expired", ended: "its session has ended",
  stale: "its session has gone silent", failed: "failed", denied: "denied",
};

export const SEVERITIES = ["conflict", "overlap", "nearby"];
