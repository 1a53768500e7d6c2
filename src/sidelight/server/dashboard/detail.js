// The detail pane: what happened, why it matters, both sides' words, and how to recover.

import { ago, el, exact, lasted, many, plain, STATES, symbol, worded } from "./words.js";

export class Detail {
  /** `back()` is called to return to the lists, `filter(text)` to look for a resource. */
  constructor(node, { back, filter }) {
    this.node = node;
    this.back = back;
    this.filter = filter;
  }

  show(model, thing, alike, now) {
    this.model = model;
    this.now = now;
    const parts = thing.later ? this.#meeting(thing, alike ?? [thing]) : this.#mark(thing);
    const bar = el("div", { class: "bar" },
      el("button", { type: "button", onclick: () => this.back() }, symbol("back"), "All"));
    this.node.replaceChildren(bar, ...parts.filter(Boolean));
    this.node.hidden = false;
    this.node.scrollTop = 0;
    this.node.focus({ preventScroll: true });
  }

  #who(place) {
    return plain(this.model.lane(place)?.name);
  }

  // ── two that met ──

  #meeting(one, alike) {
    const { later, earlier } = one;
    return [
      el("p", {}, el("span", { class: `badge ${one.severity}` }, symbol(one.severity), one.severity)),
      el("h2", {}, el("span", { class: "who" }, this.#who(later.lane)), ` ${plain(later.says)}. It `, ...worded(one.why), "."),
      facts(["When", `${exact(later.ts, this.now)}, ${ago(this.now - later.ts)}`], ["On", plain(one.resource)],
        ["Before it", `${exact(earlier.ts, this.now)}: ${plain(earlier.says)}`]),
      el("section", {}, el("h3", {}, "Both sides, in their own words"),
        this.#side(earlier, "earlier", one.toldEarlier), this.#side(later, "later", one.toldLater)),
      el("section", {}, el("h3", {}, "How to recover"), el("p", {}, plain(one.recovery.says))),
      el("div", {}, ...one.recovery.commands.map(command)),
      alike.length > 1 && el("section", {}, el("h3", {}, `${many(alike.length, "time")} alike`),
        el("ul", { class: "alike" }, ...alike.slice(0, 40).map((x) => el("li", {},
          el("time", {}, exact(x.later.ts, this.now)), el("span", {}, plain(x.later.says)))))),
    ];
  }

  #side(side, order, told) {
    const lane = this.model.lane(side.lane);
    return el("div", { class: "side" },
      el("header", {}, el("span", { class: "who", title: plain(lane?.actor ?? "") }, this.#who(side.lane)),
        el("span", { class: "host" }, place(lane)), el("span", { class: "order" }, order)),
      side.announced ? el("blockquote", {}, plain(side.announced))
        : el("blockquote", { class: "none" }, "announced nothing"),
      el("p", { class: "told" }, el("strong", {}, "told: "), ...worded(told)));
  }

  // ── one action ──

  #mark(mark) {
    const lane = this.model.lane(mark.lane);
    const met = [...this.model.meetings.values()].filter((one) => one.later.seq === mark.seq || one.earlier.seq === mark.seq);
    const state = mark.state ? STATES[mark.state] ?? mark.state : null;
    return [
      el("p", {}, el("span", { class: "badge plain" }, mark.kind)),
      el("h2", {}, el("span", { class: "who" }, this.#who(mark.lane)), ` ${plain(mark.says)}`),
      facts(["When", `${exact(mark.ts, this.now)}, ${ago(this.now - mark.ts)}${mark.late ? ", delivered late" : ""}`],
        ["Session", plain(lane.actor ?? "nobody put a name to it")], ["Sub-agent", plain(lane.agent)],
        ["Over", mark.ended && `${exact(mark.ended, this.now)}, after ${lasted(mark.ended - mark.ts)}`],
        ["Host", plain(lane.host)], ["Branch", plain(lane.branch)], ["Worktree", plain(lane.tree)], ["State", state]),
      mark.resources.length > 0 && el("section", {}, el("h3", {}, "What it touches"),
        el("div", { class: "resources" }, ...mark.resources.map((one) => el("button", {
          type: "button", title: "Filter by it", onclick: () => this.filter(one),
        }, plain(one))))),
      met.length > 0 && el("section", {}, el("h3", {}, "What it met"), el("ul", { class: "alike" },
        ...met.slice(0, 20).map((one) => el("li", {}, el("span", { class: `badge ${one.severity}` }, symbol(one.severity), one.severity),
          el("span", {}, `${this.#who(one.later.lane)}: ${plain(one.later.says)}`))))),
      el("section", {}, el("h3", {}, "In a terminal"), command(`sidelight whodid ${mark.id}`)),
    ];
  }
}

const place = (lane) => [lane?.host, lane?.branch && `on ${lane.branch}`].filter(Boolean).map(plain).join(" ");

function facts(...pairs) {
  const rows = pairs.filter(([, says]) => says);
  return el("dl", { class: "facts" }, ...rows.flatMap(([name, says]) => [el("dt", {}, name), el("dd", {}, says)]));
}

function command(text) {
  const button = el("button", { class: "icon", type: "button", "aria-label": `Copy: ${text}`, onclick: async () => {
    await navigator.clipboard?.writeText(text);
    button.setAttribute("aria-label", "Copied");
  } }, symbol("copy"));
  return el("div", { class: "command" }, el("code", {}, text), button);
}
