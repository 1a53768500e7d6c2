// The last 24 hours at a glance: how much was recorded, what met, and which stretch of it is shown.

import { clock, drawn, many, symbol, SEVERITIES } from "./words.js";

const BUCKET = 900_000;
const DAY = 86_400_000;

export class Strip {
  /** `go(until)` is called with the end of the stretch that is wanted; null is now. */
  constructor(node, go) {
    this.node = node;
    this.go = go;
    node.addEventListener("pointerdown", (event) => {
      node.setPointerCapture(event.pointerId);
      this.#to(event);
    });
    node.addEventListener("pointermove", (event) => event.buttons && this.#to(event));
    node.addEventListener("keydown", (event) => this.#key(event));
  }

  show(view) {
    this.view = view;
    const { strip, now, since, until } = view;
    this.from = strip[0].ts;
    this.to = strip.at(-1).ts + BUCKET;
    const most = Math.max(8, ...strip.map((one) => one.actions));
    const svg = drawn("svg", { viewBox: `0 0 ${strip.length * 10} 54`, preserveAspectRatio: "none", "aria-hidden": true });
    const hours = [];
    const flags = [];
    strip.forEach((one, place) => {
      if (one.actions) {
        const high = Math.max(2, Math.sqrt(one.actions / most) * 28);
        svg.append(drawn("rect", { class: "bar", x: place * 10 + 1.5, width: 7, y: 40 - high, height: high }));
      }
      const severity = SEVERITIES.find((name) => one[name]);
      if (severity && severity !== "nearby") flags.push(this.#flag(one.ts + BUCKET / 2, severity));
      const time = new Date(one.ts);
      if (time.getMinutes() === 0 && time.getHours() % 3 === 0 && this.#share(one.ts) > 0.02 && this.#share(one.ts) < 0.97) hours.push(this.#hour(one.ts));
    });
    svg.append(drawn("line", { class: "base", x1: 0, x2: strip.length * 10, y1: 40, y2: 40 }));
    const left = Math.max(0, this.#share(since)) * strip.length * 10;
    const right = this.#share(until) * strip.length * 10;
    svg.append(drawn("rect", { class: "window", x: left, width: Math.max(3, right - left), y: 1, height: 39, rx: 2 }));
    this.node.replaceChildren(svg, ...hours, ...flags);
    this.node.setAttribute("aria-valuemin", this.from);
    this.node.setAttribute("aria-valuemax", now);
    this.node.setAttribute("aria-valuenow", until);
    const here = strip.filter((one) => one.ts + BUCKET > since && one.ts <= until);
    const sum = (name) => here.reduce((all, one) => all + one[name], 0);
    this.node.setAttribute(
      "aria-valuetext",
      `${clock(since)} to ${clock(until)}: ${many(sum("actions"), "action")}, ${many(sum("conflict"), "conflict")}`,
    );
  }

  #share(ts) {
    return Math.min(1, (ts - this.from) / (this.to - this.from));
  }

  #hour(ts) {
    const node = document.createElement("span");
    node.className = new Date(ts).getHours() % 6 ? "hour minor" : "hour";
    node.style.left = `${this.#share(ts) * 100}%`;
    node.append(clock(ts));
    return node;
  }

  #flag(ts, severity) {
    const node = document.createElement("span");
    node.className = `flag ${severity}`;
    node.style.left = `${this.#share(ts) * 100}%`;
    node.append(symbol(severity));
    return node;
  }

  #to(event) {
    const box = this.node.getBoundingClientRect();
    const ts = this.from + ((event.clientX - box.left) / box.width) * (this.to - this.from);
    this.#end(ts + (this.view.until - this.view.since) / 2);
  }

  #end(ts) {
    const { now, since, until } = this.view;
    const end = Math.max(now - DAY + (until - since), ts);
    this.go(end >= now ? null : Math.round(end));
  }

  #key(event) {
    const width = this.view.until - this.view.since;
    const by = { ArrowLeft: -width / 2, ArrowRight: width / 2, PageUp: width, PageDown: -width,
      ArrowUp: width / 2, ArrowDown: -width / 2 }[event.key];
    if (by) this.#end(this.view.until + by);
    else if (event.key === "Home") this.#end(0);
    else if (event.key === "End") this.go(null);
    else return;
    event.preventDefault();
  }
}
