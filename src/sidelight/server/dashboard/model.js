// What the page knows: what the server showed last, and which of it the person wants to see. Draws nothing.

import { SEVERITIES } from "./words.js";

export class Model {
  constructor() {
    this.view = null;
    this.marks = new Map(); // seq → mark
    this.meetings = new Map(); // key → meeting
    this.filter = "";
    this.space = "";
    this.quiet = true;
    this.only = new Set(); // ids of lanes
    this.severities = new Set(SEVERITIES);
  }

  get seq() {
    return this.view?.seq ?? 0;
  }

  /** Take in what the server answered: all of it, or what is new behind what is known. */
  take(view) {
    if (view.after === 0) {
      this.marks.clear();
      this.meetings.clear();
    }
    const old = this.view?.lanes ?? [];
    const places = new Map(view.lanes.map((lane, place) => [lane.id, place]));
    const moved = old.map((lane) => places.get(lane.id));
    if (view.after !== 0 && moved.some((place, before) => place !== before)) this.#relane(moved);
    for (const mark of view.marks) this.marks.set(mark.seq, mark);
    for (const one of view.meetings) {
      this.meetings.set(`${one.later.seq} ${one.earlier.seq} ${one.resource}`, one);
    }
    for (const [seq, mark] of this.marks) if (mark.ts < view.since || mark.lane === undefined) this.marks.delete(seq);
    for (const [key, one] of this.meetings) {
      if (one.later.ts < view.since || one.later.lane === undefined || one.earlier.lane === undefined) {
        this.meetings.delete(key);
      }
    }
    this.view = view;
    for (const mark of [...this.marks.values(), ...view.standing]) {
      mark.state = view.states[mark.seq] ?? mark.state;
      mark.ended = view.ends[mark.seq] ?? null;
    }
  }

  #relane(moved) {
    for (const mark of this.marks.values()) mark.lane = moved[mark.lane];
    for (const one of this.meetings.values()) {
      one.later.lane = moved[one.later.lane];
      one.earlier.lane = moved[one.earlier.lane];
    }
  }

  lane(place) {
    return this.view.lanes[place];
  }

  // ── what is wanted ──

  #says(text) {
    return text?.toLowerCase().includes(this.filter);
  }

  #laneWanted(lane) {
    return (!this.only.size || this.only.has(lane.id)) && (!this.space || !lane.space || lane.space === this.space);
  }

  #laneSays(lane) {
    return [lane.name, lane.actor, lane.agent, lane.host, lane.branch].some((text) => this.#says(text));
  }

  markWanted(mark) {
    const lane = this.lane(mark.lane);
    if (!this.#laneWanted(lane) || (this.space && mark.space !== this.space)) return false;
    if (!this.quiet && (mark.shape === "edit" || mark.shape === "run")) return false;
    if (!this.filter) return true;
    return this.#says(mark.says) || mark.resources.some((one) => this.#says(one)) || this.#laneSays(lane);
  }

  meetingWanted(one) {
    const later = this.lane(one.later.lane);
    const earlier = this.lane(one.earlier.lane);
    if (!this.severities.has(one.severity)) return false;
    if (!this.#laneWanted(later) && !this.#laneWanted(earlier)) return false;
    if (!this.filter) return true;
    return [one.resource, one.why, one.later.says, one.earlier.says].some((text) => this.#says(text))
      || this.#laneSays(later) || this.#laneSays(earlier);
  }

  /** Everything that is to be drawn now. */
  wanted() {
    const marks = [...this.marks.values()].filter((one) => this.markWanted(one)).sort((a, b) => a.seq - b.seq);
    const meetings = [...this.meetings.values()].filter((one) => this.meetingWanted(one))
      .sort((a, b) => b.later.seq - a.later.seq);
    const standing = this.view.standing.filter((one) => this.markWanted(one));
    const shown = new Set([...marks, ...standing].map((one) => one.lane));
    for (const one of meetings) shown.add(one.later.lane).add(one.earlier.lane);
    const narrowed = this.filter || this.space;
    const lanes = this.view.lanes.map((lane, place) => ({ lane, place }))
      .filter(({ lane, place }) => (narrowed ? shown.has(place) || (this.filter && this.#laneSays(lane)) : true))
      .filter(({ lane, place }) => this.#laneWanted(lane) || shown.has(place));
    return { marks, meetings, lanes, standing, total: this.marks.size };
  }

  /** Counts by severity, of all that is known. */
  counts() {
    const found = Object.fromEntries(SEVERITIES.map((name) => [name, 0]));
    for (const one of this.meetings.values()) found[one.severity] += 1;
    return found;
  }
}

/** Meetings that read alike, newest first: `[{ first, all }]`. */
export function grouped(meetings) {
  const groups = [];
  const known = new Map();
  for (const one of meetings) {
    const group = known.get(one.group);
    if (group && group.all.at(-1).later.ts - one.later.ts < 600_000) group.all.push(one);
    else {
      const made = { first: one, all: [one] };
      known.set(one.group, made);
      groups.push(made);
    }
  }
  return groups;
}
