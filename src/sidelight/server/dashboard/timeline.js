// The timeline: lanes of sessions, their marks, and lines between those that met. It is drawn once, as far as a band of
// lanes goes, and then scrolls without any script; only who scrolls out of the band has it drawn anew around them.

import { heading, shapes } from "./shapes.js";
import { ago, clock, exact, many, plain, SEVERITIES } from "./words.js";

const COLOURS = ["bg", "surface", "raised", "ink", "soft", "line", "faint", "accent", "accent-soft", "mark", "live",
  ...SEVERITIES];
const STEPS = [60e3, 300e3, 900e3, 1800e3, 3600e3, 7200e3, 14400e3, 21600e3];
const BIN = 7; // px: closer marks of a lane are drawn as one, taller one
const ROOM = { roomy: 52, dense: 32 };
const BAND = 2400; // px: so much height is drawn at once
const NARROW = matchMedia("(max-width: 820px)"); // there the heads of lanes stand above what they head
const REST = 150; // ms after a scroll: what passes below the pointer meanwhile was not pointed at
const HEAD = 22; // px: so high they are then
const LINES_MOST = 48; // so many are drawn in full; of more, only the conflicts and what is pointed at
const RANK = ["destroy", "publish", "intent", "change", "commit", "run", "edit"];

export class Timeline {
  /** `open(thing)` is called with a mark or a meeting, `laneOf(element)` draws the head of a lane. */
  constructor(parts, open) {
    Object.assign(this, parts);
    this.open = open;
    this.model = null;
    this.shown = { marks: [], meetings: [], lanes: [], standing: [] };
    this.pointed = null;
    this.chosen = null;
    this.dirty = false;
    this.colours = {};
    this.drawn = 0;
    this.resting = 0;
    this.scroller.addEventListener("scroll", () => this.#scrolled(), { passive: true });
    new ResizeObserver(() => this.draw()).observe(this.scroller);
    NARROW.addEventListener("change", () => this.model?.view && this.show(this.model, this.shown, this.now));
    this.plot.addEventListener("pointermove", (event) => this.#point(event));
    this.plot.addEventListener("pointerleave", () => this.#unpoint());
    this.plot.addEventListener("click", (event) => this.#click(event));
    this.scroller.addEventListener("keydown", (event) => this.#key(event));
    this.recolour();
  }

  /** The colours of the theme, as a canvas needs them. */
  recolour() {
    const probe = document.createElement("i");
    probe.className = "probe";
    document.body.append(probe);
    for (const name of COLOURS) {
      probe.style.color = `var(--${name})`;
      this.colours[name] = getComputedStyle(probe).color;
    }
    probe.remove();
    this.font = getComputedStyle(document.body).fontFamily;
    this.draw();
  }

  show(model, shown, now) {
    this.model = model;
    this.shown = shown;
    this.now = now;
    const dense = shown.lanes.length > 16;
    this.head = NARROW.matches ? HEAD : 0;
    this.row = this.head + (dense ? ROOM.dense : ROOM.roomy);
    this.rows.classList.toggle("dense", dense);
    this.rows.classList.toggle("stacked", this.head > 0);
    this.rows.style.setProperty("--row", `${this.row}px`);
    this.rowOf = new Map(shown.lanes.map(({ place }, row) => [place, row]));
    this.byRow = shown.lanes.map(() => []);
    this.bars = shown.lanes.map(() => []);
    for (const mark of shown.standing.toReversed()) this.bars[this.rowOf.get(mark.lane)]?.push(mark);
    for (const mark of shown.marks) {
      this.byRow[this.rowOf.get(mark.lane)]?.push(mark);
      if (mark.shape === "intent") this.bars[this.rowOf.get(mark.lane)]?.push(mark);
    }
    this.chosen = this.#again(this.chosen);
    this.plot.setAttribute("aria-label", this.#summary());
    this.draw();
  }

  /** The same mark or meeting in what was just shown, for a new look makes new ones; null if it is there no more. */
  #again(thing) {
    if (!thing?.later) return thing && (this.model.marks.get(thing.seq) ?? null);
    const same = (one) => one.later.seq === thing.later.seq && one.earlier.seq === thing.earlier.seq && one.resource === thing.resource;
    return this.shown.meetings.find(same) ?? null;
  }

  #summary() {
    const { since, until } = this.model.view;
    const { lanes, marks, meetings } = this.shown;
    const met = SEVERITIES.map((name) => many(meetings.filter((one) => one.severity === name).length, name));
    return `${many(lanes.length, "session")} and ${many(marks.length, "action")} from ${clock(since)} to `
      + `${clock(until)}: ${met[0]}, ${met[1]}, ${met[2].replace("nearbys", "nearby")}`;
  }

  draw() {
    if (this.dirty) return;
    this.dirty = true;
    requestAnimationFrame(() => {
      this.dirty = false;
      if (this.model?.view) this.#draw();
    });
  }

  // ── drawing ──

  #scrolled() {
    this.resting = performance.now() + REST;
    this.#unpoint();
    if (!this.band) return;
    const { scrollTop: top, clientHeight: seen } = this.scroller;
    if (top + 1 < this.band.top || top + seen - 1 > this.band.top + this.band.height) this.draw();
  }

  /** The stretch of lanes that is drawn: all of them, or as many as a band holds around those in sight. */
  #banded() {
    const seen = this.scroller.clientHeight;
    const whole = Math.max(40, seen, this.shown.lanes.length * this.row);
    const height = Math.min(whole, Math.max(BAND, 2 * seen));
    const top = Math.min(whole - height, Math.max(0, Math.round(this.scroller.scrollTop - (height - seen) / 2)));
    return { top, height };
  }

  #sized(canvas, width, height) {
    const ratio = window.devicePixelRatio || 1;
    if (canvas.width !== Math.round(width * ratio) || canvas.height !== Math.round(height * ratio)) {
      canvas.width = Math.round(width * ratio);
      canvas.height = Math.round(height * ratio);
      canvas.style.width = `${width}px`;
      canvas.style.height = `${height}px`;
    }
    const ink = canvas.getContext("2d");
    ink.setTransform(ratio, 0, 0, ratio, 0, 0);
    ink.clearRect(0, 0, width, height);
    ink.lineWidth = 1; // the last drawing may have left another
    return ink;
  }

  x(ts) {
    const { since, until } = this.model.view;
    return ((ts - since) / (until - since)) * (this.width - 26) + 4;
  }

  /** Intents lie along the top of a lane, everything else below them. */
  y(row, intent = false) {
    return row * this.row + this.head + (this.row - this.head) * (intent ? 0.3 : 0.7) - this.band.top;
  }

  #draw() {
    this.width = this.rows.clientWidth - this.axis.offsetLeft;
    this.band = this.#banded();
    this.height = this.band.height;
    const ink = this.#sized(this.plot, this.width, this.height);
    this.plot.style.top = `${this.band.top}px`;
    this.plot.dataset.drawn = String(this.drawn += 1);
    this.spots = [];
    this.#axis(ink);
    const from = Math.max(0, Math.floor(this.band.top / this.row) - 1);
    const to = Math.min(this.shown.lanes.length, Math.ceil((this.band.top + this.height) / this.row) + 1);
    ink.strokeStyle = this.colours.line;
    ink.lineWidth = 1;
    for (let row = from; row < to; row += 1) {
      const y = Math.round((row + 1) * this.row - this.band.top) - 0.5;
      this.#path(ink, [[0, y], [this.width, y]]);
    }
    this.#meetings(ink, false); // below the intents, so that no line strikes their words out
    for (let row = from; row < to; row += 1) this.#intents(ink, row);
    for (let row = from; row < to; row += 1) this.#marks(ink, row);
    this.#meetings(ink, true);
    if (this.chosen) this.#ring(ink, this.chosen);
  }

  #axis(ink) {
    const { since, until, now } = this.model.view;
    const head = this.#sized(this.axis, this.width, 30);
    const step = STEPS.find((one) => ((until - since) / one) * 64 < this.width) ?? STEPS.at(-1);
    const zone = new Date(until).getTimezoneOffset() * 60e3;
    head.font = `11px ${this.font}`;
    head.fillStyle = this.colours.soft;
    head.textAlign = "center";
    ink.strokeStyle = this.colours.faint;
    for (let ts = Math.ceil((since - zone) / step) * step + zone; ts <= until; ts += step) {
      const x = Math.round(this.x(ts)) + 0.5;
      this.#path(ink, [[x, 0], [x, this.height]]);
      if (x > 18 && x < this.width - 64) head.fillText(clock(ts), x, 19);
    }
    if (until >= now - 1000) {
      const x = Math.round(this.x(until)) + 0.5;
      ink.strokeStyle = this.colours.live;
      this.#path(ink, [[x, 0], [x, this.height]]);
      head.fillStyle = this.colours.live;
      head.textAlign = "right";
      head.fillText("now", Math.min(x + 12, this.width - 4), 19);
    }
  }

  #path(ink, points) {
    ink.beginPath();
    points.forEach(([x, y], place) => (place ? ink.lineTo(x, y) : ink.moveTo(x, y)));
    ink.stroke();
  }

  #intents(ink, row) {
    const y = this.y(row, true);
    const high = this.row - this.head > 40 ? 18 : 8;
    const bars = this.bars[row];
    bars.forEach((mark, place) => {
      const x = Math.max(-6, this.x(mark.ts)); // what stood before the window comes in from beyond its edge
      const open = mark.state === "open" || mark.state === "stale";
      const until = Math.min(this.model.view.until, mark.ended ?? (open ? Infinity : mark.ts));
      const next = bars[place + 1] ? this.x(bars[place + 1].ts) - 2 : this.width;
      const wide = Math.max(14, Math.min(this.x(until), this.width) - x);
      ink.globalAlpha = mark.state === "stale" ? 0.6 : 1;
      ink.fillStyle = this.colours["accent-soft"];
      ink.strokeStyle = this.colours.accent;
      ink.lineWidth = 1;
      ink.setLineDash(open ? [] : [2, 2]);
      ink.beginPath();
      ink.roundRect(x, y - high / 2, wide, high, high / 3);
      ink.fill();
      ink.stroke();
      ink.setLineDash([]);
      const room = Math.min(wide, next - x) - 12;
      if (room > 40 && high > 14) this.#text(ink, plain(mark.says.replace(/^announced /, "")), x + 7, y + 4, room);
      ink.globalAlpha = 1;
      this.spots.push({ x: x + 4, y, thing: mark, reach: 10 });
    });
  }

  #text(ink, text, x, y, room) {
    ink.save();
    ink.beginPath();
    ink.rect(x, y - 14, room, 20);
    ink.clip();
    ink.font = `11.5px ${this.font}`;
    ink.fillStyle = this.colours.ink;
    ink.textAlign = "left";
    const share = room / ink.measureText(text).width;
    ink.fillText(share < 1 ? `${text.slice(0, Math.floor(text.length * share) - 2)}…` : text, x, y);
    ink.restore();
  }

  #marks(ink, row) {
    const y = this.y(row);
    let bin = null;
    const flush = () => bin && this.#glyph(ink, bin, y);
    for (const mark of this.byRow[row]) {
      if (mark.shape === "intent") continue;
      const x = this.x(mark.ts);
      if (bin && x - bin.x < BIN) {
        bin.all.push(mark);
        if (RANK.indexOf(mark.shape) < RANK.indexOf(bin.mark.shape)) bin.mark = mark;
      } else {
        flush();
        bin = { x, mark, all: [mark] };
      }
    }
    flush();
  }

  #glyph(ink, { x, mark, all }, y) {
    const size = Math.min((this.row - this.head) * 0.27, 3 + 2.2 * Math.log2(all.length + 1));
    ink.fillStyle = ink.strokeStyle = mark.shape === "destroy" ? this.colours.ink : this.colours.mark;
    ink.globalAlpha = mark.state === "failed" || mark.state === "denied" ? 0.4 : 1;
    if (all.length > 1 && mark.shape !== "edit") {
      ink.globalAlpha *= 0.45;
      ink.fillRect(x - 1, y - size, 2, 2 * size);
      ink.globalAlpha /= 0.45;
    }
    shapes[mark.shape](ink, x, y, size);
    ink.globalAlpha = 1;
    this.spots.push({ x, y, thing: mark, all, reach: 7 });
  }

  #meetings(ink, heads) {
    const busy = this.head && this.shown.meetings.length > LINES_MOST / 8;
    const picked = this.pointed?.later || this.chosen?.later;
    for (const one of this.shown.meetings) {
      const near = one === this.pointed || one === this.chosen;
      const a = this.rowOf.get(one.earlier.lane);
      const b = this.rowOf.get(one.later.lane);
      if (a === undefined || b === undefined) continue;
      const from = { x: Math.max(-4, this.x(one.earlier.ts)), y: this.y(a, one.earlier.shape === "intent") };
      const to = { x: this.x(one.later.ts), y: this.y(b, one.later.shape === "intent") };
      if (Math.max(from.y, to.y) < -40 || Math.min(from.y, to.y) > this.height + 40) continue;
      ink.strokeStyle = ink.fillStyle = this.colours[one.severity];
      if (heads) {
        ink.lineWidth = 2;
        heading[one.severity](ink, to.x, to.y, near ? 8 : 6, this.colours.surface);
        this.spots.push({ x: to.x, y: to.y, thing: one, reach: 9, first: true });
      } else if (near || one.severity === "conflict" || this.shown.meetings.length <= LINES_MOST) {
        ink.globalAlpha = near ? 1 : picked || (busy && one.severity !== "conflict") ? 0.12 : 0.6;
        ink.lineWidth = near ? 2.5 : 1.5;
        ink.setLineDash(one.severity === "conflict" ? [] : one.severity === "overlap" ? [6, 4] : [2, 4]);
        const bend = Math.max(18, Math.abs(to.x - from.x) * 0.4);
        ink.beginPath();
        ink.moveTo(from.x, from.y);
        ink.bezierCurveTo(from.x + bend, from.y, to.x - bend, to.y, to.x, to.y);
        ink.stroke();
        ink.setLineDash([]);
        ink.globalAlpha = 1;
      }
    }
  }

  #ring(ink, thing) {
    const at = thing.later ?? thing;
    const row = this.rowOf.get(at.lane);
    if (row === undefined) return;
    ink.strokeStyle = this.colours.accent;
    ink.lineWidth = 2;
    ink.beginPath();
    ink.arc(this.x(at.ts), this.y(row, at.shape === "intent"), 11, 0, 7);
    ink.stroke();
  }

  // ── pointing ──

  #nearest(x, y) {
    let best = null;
    for (const spot of this.spots ?? []) {
      const far = Math.hypot(spot.x - x, (spot.y - y) * 0.7) - (spot.first ? 3 : 0);
      if (far <= spot.reach && (!best || far < best.far)) best = { far, spot };
    }
    return best?.spot;
  }

  #point(event) {
    if (performance.now() < this.resting) return;
    const spot = this.#nearest(event.offsetX, event.offsetY);
    if (spot && spot.thing === this.pointed) return;
    this.plot.style.cursor = spot ? "pointer" : "default";
    this.#stress(spot?.thing ?? null);
    if (!spot) {
      this.tip.hidden = true;
      return;
    }
    this.tip.replaceChildren(...this.#told(spot));
    this.tip.hidden = false;
    const left = this.axis.offsetLeft + spot.x + 14;
    const over = left + this.tip.offsetWidth > this.scroller.clientWidth;
    this.tip.style.left = `${Math.max(4, over ? left - this.tip.offsetWidth - 28 : left)}px`;
    const seen = spot.y + this.band.top - this.scroller.scrollTop;
    this.tip.style.top = `${Math.min(seen + 34, this.scroller.clientHeight - this.tip.offsetHeight + 24)}px`;
  }

  #told({ thing, all }) {
    const when = document.createElement("div");
    const what = document.createElement("div");
    when.className = "when";
    const at = thing.later ?? thing;
    const name = plain(this.model.lane(at.lane)?.name);
    when.append(`${exact(at.ts, this.now)} · ${thing.severity ?? name}`);
    what.append(thing.severity ? `${name}: ${plain(thing.later.says)}. It ${plain(thing.why)}.` : plain(thing.says));
    if (all?.length > 1) what.append(` and ${all.length - 1} more here`);
    return [when, what];
  }

  #unpoint() {
    this.tip.hidden = true;
    this.#stress(null);
  }

  /** Only lines are drawn otherwise when they are pointed at. */
  #stress(thing) {
    const before = this.pointed;
    this.pointed = thing;
    if (before !== thing && (before?.later || thing?.later)) this.draw();
  }

  #click(event) {
    const spot = this.#nearest(event.offsetX, event.offsetY);
    if (spot) this.choose(spot.thing, true);
  }

  choose(thing, open = false) {
    this.chosen = thing;
    if (thing) this.#reveal(thing);
    this.draw();
    if (open && thing) this.open(thing);
  }

  #reveal(thing) {
    const row = this.rowOf?.get((thing.later ?? thing).lane);
    if (row === undefined) return;
    const top = row * this.row;
    if (top < this.scroller.scrollTop) this.scroller.scrollTop = top;
    else if (top + this.row > this.scroller.scrollTop + this.scroller.clientHeight) {
      this.scroller.scrollTop = top + this.row - this.scroller.clientHeight;
    }
  }

  // ── keys ──

  #key(event) {
    if (event.target !== this.scroller || event.ctrlKey || event.metaKey || event.altKey) return;
    const sideways = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    const updown = { ArrowUp: -1, ArrowDown: 1 }[event.key];
    if (event.key === "Enter" && this.chosen) this.open(this.chosen);
    else if (sideways) this.#step(sideways);
    else if (updown) this.#cross(updown);
    else return;
    event.preventDefault();
  }

  #step(by) {
    const all = this.shown.marks;
    if (!all.length) return;
    const place = this.chosen ? all.findIndex((one) => one.seq === (this.chosen.later ?? this.chosen).seq) : -1;
    const next = place < 0 ? (by < 0 ? all.length - 1 : all.length - 1) : place + by;
    this.#announce(all[Math.min(all.length - 1, Math.max(0, next))]);
  }

  #cross(by) {
    const at = this.chosen ? (this.chosen.later ?? this.chosen) : this.shown.marks.at(-1);
    if (!at) return;
    let row = this.rowOf.get(at.lane) ?? 0;
    do row += by; while (this.byRow[row] && !this.byRow[row].length);
    const there = this.byRow[row];
    if (!there) return;
    this.#announce(there.reduce((a, b) => (Math.abs(b.ts - at.ts) < Math.abs(a.ts - at.ts) ? b : a)));
  }

  #announce(mark) {
    this.choose(mark);
    const met = this.shown.meetings.find((one) => one.later.seq === mark.seq);
    const lane = this.model.lane(mark.lane);
    this.told.textContent = `${plain(lane.name)}: ${plain(mark.says)}, ${ago(this.now - mark.ts)}`
      + (met ? `. ${met.severity}: it ${plain(met.why)}` : "");
  }
}
