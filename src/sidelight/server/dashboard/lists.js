// The lists beside the timeline: what met, what was done, and which files are edited in several worktrees.

import { grouped } from "./model.js";
import { ago, el, exact, lasted, many, plain, SEVERITIES, STATES, symbol, worded } from "./words.js";

const PAGE = 100;
const GLYPHS = { intent: "▭", edit: "|", commit: "●", publish: "▲", run: "□", change: "■", destroy: "✕" };

export class Lists {
  /** `open(thing)` is called with a mark or a meeting, `sift()` when the severities that are wanted have changed. */
  constructor(nodes, { open, sift }) {
    Object.assign(this, nodes);
    this.open = open;
    this.sift = sift;
    this.current = null;
    this.rows = PAGE;
    this.names = ["met", "activity", "elsewhere"];
    for (const name of this.names) {
      this.tabs[name].addEventListener("click", () => this.select(name));
      this.tabs[name].addEventListener("keydown", (event) => this.#arrow(event, name));
      this.lists[name].addEventListener("keydown", (event) => this.#walk(event));
    }
    this.select("met");
  }

  select(name, focus = false) {
    this.selected = name;
    for (const one of this.names) {
      const on = one === name;
      this.tabs[one].setAttribute("aria-selected", String(on));
      this.tabs[one].tabIndex = on ? 0 : -1;
      this.lists[one].hidden = !on;
    }
    if (focus) this.tabs[name].focus();
    if (this.model) this.#fill();
  }

  #arrow(event, name) {
    const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (!by) return;
    this.select(this.names.at((this.names.indexOf(name) + by) % this.names.length), true);
    event.preventDefault();
  }

  #walk(event) {
    const by = { ArrowUp: -1, ArrowDown: 1 }[event.key];
    if (!by) return;
    const items = [...event.currentTarget.querySelectorAll(".item")];
    const next = items[items.indexOf(document.activeElement) + by];
    if (!next) return;
    next.focus();
    event.preventDefault();
  }

  show(model, shown, now) {
    this.model = model;
    this.shown = shown;
    this.now = now;
    this.groups = grouped(shown.meetings);
    this.#count("met", shown.meetings.length);
    this.#count("activity", shown.marks.length);
    this.#count("elsewhere", this.#apart().length);
    this.#fill();
  }

  #count(name, number) {
    const label = { met: "Met", activity: "Activity", elsewhere: "Elsewhere" }[name];
    this.tabs[name].replaceChildren(label, el("span", { class: "count" }, number.toLocaleString()));
  }

  /** Fill the list that is in sight; the others wait until they are. What has the focus keeps it. */
  #fill() {
    const list = this.lists[this.selected];
    const held = list.contains(document.activeElement) ? document.activeElement.dataset?.key : null;
    const top = list.scrollTop;
    list.replaceChildren(...{
      met: () => this.#met(), activity: () => this.#activity(), elsewhere: () => this.#elsewhere(),
    }[this.selected]().filter(Boolean));
    list.scrollTop = top;
    if (held) list.querySelector(`[data-key="${CSS.escape(held)}"]`)?.focus();
  }

  #name(place) {
    return el("span", { class: "who" }, plain(this.model.lane(place)?.name));
  }

  // ── what met ──

  #met() {
    const counts = this.model.counts();
    const sieve = el("div", { class: "sieve", role: "group", "aria-label": "Severities shown" });
    for (const name of SEVERITIES) {
      const on = this.model.severities.has(name);
      sieve.append(el("button", {
        class: `chip ${name}`, type: "button", "aria-pressed": String(on), data: { key: `sieve ${name}` },
        onclick: () => {
          if (on) this.model.severities.delete(name);
          else this.model.severities.add(name);
          this.sift();
        },
      }, symbol(name), `${name} ${counts[name].toLocaleString()}`));
    }
    if (this.groups.length) return [sieve, ...this.groups.slice(0, this.rows).map((one) => this.#meeting(one)), this.#more(this.groups)];
    const known = SEVERITIES.reduce((all, name) => all + counts[name], 0);
    return [known ? sieve : null, el("div", { class: "empty" },
      el("h3", {}, known ? "Nothing left after filtering" : "Nobody got in anybody’s way"),
      el("p", {}, known ? "Other sessions met in this stretch of time, but not of what you filter for."
        : "No two sessions met on anything in this stretch of time. About unrelated work Sidelight is silent."))];
  }

  #meeting({ first, all }) {
    const says = el("span", { class: "says" }, this.#name(first.later.lane), ` ${plain(first.later.says)}`);
    if (all.length > 1) says.append(el("span", { class: "times" }, `× ${all.length}`));
    const key = `${first.later.seq} ${first.earlier.seq}`;
    return el("button", {
      class: "item", type: "button", data: { key }, onclick: () => this.open(first, all),
      "aria-current": this.current === first ? "true" : null,
    }, colour(first.severity), says, el("span", { class: "when" }, ago(this.now - first.later.ts)),
    el("span", { class: "about" }, `${first.severity}: it `, ...worded(first.why)));
  }

  // ── what was done ──

  #activity() {
    const marks = this.shown.marks.slice(-this.rows).reverse();
    if (!marks.length) {
      return [el("div", { class: "empty" }, el("h3", {}, "Nothing was recorded"),
        el("p", {}, "Nothing was announced or done in this stretch of time that fits the filter."))];
    }
    return [...marks.map((one) => this.#mark(one)), this.#more(this.shown.marks)];
  }

  #mark(mark) {
    const state = mark.state ? STATES[mark.state] ?? mark.state : null;
    return el("button", { class: "item", type: "button", data: { key: String(mark.seq), seq: String(mark.seq) }, onclick: () => this.open(mark) },
      el("span", { class: "glyph", "aria-hidden": "true" }, GLYPHS[mark.shape] ?? "■"),
      el("span", { class: "says" }, this.#name(mark.lane), ` ${plain(mark.says)}`),
      el("span", { class: "when" }, ago(this.now - mark.ts)),
      state ? el("span", { class: "about" }, mark.ended ? `${state}, after ${lasted(mark.ended - mark.ts)}` : state) : null);
  }

  #more(all) {
    const left = all.length - this.rows;
    return left > 0 && el("button", { class: "more", type: "button", onclick: () => {
      this.rows += PAGE;
      this.#fill();
    } }, `Show ${Math.min(left, PAGE)} more of ${many(left, "older one")}`);
  }

  // ── elsewhere ──

  #apart() {
    const wanted = new Set(this.shown.lanes.map((one) => one.place));
    const text = this.model.filter;
    return this.model.view.elsewhere.filter((one) => one.edits.some((edit) => wanted.has(edit.lane))
      && (!text || one.file.toLowerCase().includes(text) || one.edits.some((edit) => this.model.lane(edit.lane).name.toLowerCase().includes(text))));
  }

  #elsewhere() {
    const files = this.#apart();
    const lead = el("p", { class: "sieve about" }, "The same file, edited in several worktrees at once. Each has its own copy, so nobody is warned; they will meet when the branches are merged.");
    if (!files.length) {
      return [el("div", { class: "empty" }, el("h3", {}, "No file is edited twice"),
        el("p", {}, "When sessions edit the same file in different worktrees it is shown here. Nobody is warned of it."))];
    }
    return [lead, ...files.map((one) => el("button", { class: "item", type: "button", data: { key: one.file }, onclick: () => {
      const mark = this.model.marks.get(one.edits[0].seq);
      if (mark) this.open(mark);
    } },
    symbol("elsewhere"), el("span", { class: "says" }, plain(one.file)),
    el("span", { class: "when" }, ago(this.now - one.edits[0].ts)),
    ...one.edits.map((edit) => el("span", { class: "about" }, this.#name(edit.lane), ` in ${plain(edit.tree)}, ${exact(edit.ts, this.now)}`))))];
  }
}

function colour(severity) {
  const node = symbol(severity);
  node.classList.add(severity);
  return node;
}
