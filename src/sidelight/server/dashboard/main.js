// The page: it asks the server what there is to see, is told when that has changed, and draws it. It decides nothing.

import { follow, SignedOut, signIn, signOut, view } from "./api.js";
import { Detail } from "./detail.js";
import { Lists } from "./lists.js";
import { Model } from "./model.js";
import { Strip } from "./strip.js";
import { Timeline } from "./timeline.js";
import { el, many, plain, SEVERITIES, symbol } from "./words.js";

const WINDOWS = [["15 min", 900_000], ["1 h", 3_600_000], ["4 h", 14_400_000], ["24 h", 86_400_000]];
const SOON = 60; // ms after a change, so that a burst is one look
const LATEST = 400; // ms after a change; so long only where a look takes long, so that it leaves the server time to act
const AGAIN = 10_000; // ms: ages, states and who is there change without an action
const RETRY = 3_000; // ms: after the first look failed
const THEMES = ["auto", "light", "dark"];
const CONNECTION = { live: "Live", waiting: "Reconnecting", lost: "Not connected", past: "Looking back" };

const $ = (id) => document.getElementById(id);
const kept = {
  get: (name, otherwise) => localStorage.getItem(`sidelight ${name}`) ?? otherwise,
  set: (name, value) => localStorage.setItem(`sidelight ${name}`, value),
};

const model = new Model();
let windowMs = Number(kept.get("window", WINDOWS[1][1]));
let until = null; // the end of what is shown; null follows what is new
let newest = 0;
let unfollow = null;
let asking = null;
let soon = SOON;
let waiting = null;
let open = null; // what the detail pane shows

// ── parts ──

const timeline = new Timeline({
  scroller: $("scroller"), rows: $("rows"), lanes: $("lanes"), plot: $("plot"), axis: $("axis"), tip: $("tip"),
  told: $("told"),
}, (thing) => show(thing));
const strip = new Strip($("strip"), (end) => go(end));
const lists = new Lists({
  tabs: { met: $("tab-met"), activity: $("tab-activity"), elsewhere: $("tab-elsewhere") },
  lists: { met: $("met"), activity: $("activity"), elsewhere: $("elsewhere-list") },
}, { open: (thing, alike) => show(thing, alike), sift: () => draw() });
const detail = new Detail($("detail"), { back, filter: (text) => filterBy(text) });

// ── asking ──

/** Look: at all of it, or at what is new. One question at a time; what comes meanwhile asks again. */
async function look(whole = false) {
  clearTimeout(waiting);
  if (asking) {
    if (!whole) {
      asking.again = true;
      return;
    }
    asking.abort();
  }
  const mine = asking = new AbortController();
  const began = performance.now();
  try {
    const after = whole || until !== null ? 0 : model.seq;
    const found = await view({ windowMs, until, after }, mine.signal);
    if (mine !== asking) return;
    const known = model.view !== null && !whole;
    model.take(found);
    newest = Math.max(newest, found.seq);
    soon = Math.min(LATEST, Math.max(SOON, performance.now() - began));
    troubled("");
    draw();
    if (known) news(found.meetings);
    if (!unfollow) unfollow = follow(found.seq, changed, connection);
  } catch (problem) {
    if (problem instanceof SignedOut) leave();
    else if (problem.name !== "AbortError") {
      connection("waiting");
      troubled(problem.message);
    }
  } finally {
    if (mine === asking) {
      asking = null;
      waiting = setTimeout(look, mine.again ? soon : AGAIN);
    }
  }
}

function changed(seq) {
  newest = Math.max(newest, seq);
  if (until !== null) return;
  if (asking) asking.again = true;
  else {
    clearTimeout(waiting);
    waiting = setTimeout(look, soon);
  }
}

function connection(state) {
  const before = $("connection").dataset.state;
  const says = state === "live" && until !== null ? "past" : state;
  $("connection").dataset.state = says;
  $("connection-says").textContent = CONNECTION[says];
  if (state === "live" && before === "waiting") changed(newest);
  if (state === "lost") {
    unfollow?.();
    unfollow = null; // the next look tells whether it is the cookie, and follows again
  }
}

/** To those who listen: a new conflict, once. Whatever else is new waits in the lists, or nobody could hear themselves think. */
function news(meetings) {
  const conflicts = meetings.filter((one) => one.severity === "conflict");
  const last = conflicts.at(-1);
  if (!last) return;
  const more = conflicts.length > 1 ? ` And ${conflicts.length - 1} more.` : "";
  tell(`New conflict: ${plain(model.lane(last.later.lane)?.name)} ${plain(last.later.says)}. It ${plain(last.why)}.${more}`);
}

function tell(says) {
  $("told").textContent = says;
}

/** Why there is nothing new to see; "" when there is. */
function troubled(says) {
  if ($("problem").textContent !== says) $("problem").textContent = says;
}

// ── drawing ──

function draw() {
  if (!model.view) return;
  const found = model.view;
  const shown = model.wanted();
  const empty = !found.lanes.length;
  $("where").textContent = plain(found.space.replace(/^home:[^:]*:/, "").replace(/^[a-z]+:/, ""));
  $("where").title = plain(found.space);
  heads(shown.lanes);
  timeline.show(model, shown, found.now);
  strip.show(found);
  lists.show(model, shown, found.now);
  figures(found);
  spaces(found);
  $("rows").classList.toggle("alone", empty);
  $("nobody").hidden = !empty;
  const filtered = shown.marks.length !== shown.total;
  $("found").textContent = filtered ? `${shown.marks.length.toLocaleString()} of ${many(shown.total, "action")}`
    : found.cut ? `the newest ${many(shown.total, "action")}` : "";
  $("follow").setAttribute("aria-pressed", String(until === null));
  document.body.dataset.seq = String(found.seq);
  document.body.dataset.marks = String(model.marks.size);
}

function heads(shown) {
  const made = shown.map(({ lane }) => {
    const where = [lane.branch && `⎇ ${plain(lane.branch)}`, lane.state && plain(lane.state)].filter(Boolean).join("  ·  ");
    const said = [plain(lane.actor ?? "unattributed"), plain(lane.agent), plain(lane.host), plain(lane.branch), plain(lane.state)];
    return el("li", { class: `lane ${lane.alive}${lane.agent ? " agent" : ""}` },
      el("button", {
        type: "button", "aria-pressed": String(model.only.has(lane.id)), data: { key: lane.id },
        title: [said.filter(Boolean).join(", "), plain(lane.tree)].filter(Boolean).join("\n"), onclick: () => onlyLane(lane.id),
      }, symbol(lane.alive), el("span", { class: "name" }, plain(lane.name)),
      el("span", { class: "host" }, plain(lane.host)), el("span", { class: "about" }, where || lane.alive)));
  });
  const held = $("lanes").contains(document.activeElement) ? document.activeElement.dataset.key : null;
  $("lanes").replaceChildren(...made);
  if (held !== null) $("lanes").querySelector(`[data-key="${CSS.escape(held)}"]`)?.focus();
}

function figures(found) {
  const counts = model.counts();
  const cells = [["sessions here", found.live, null], ["open intents", found.openIntents, null],
    ...SEVERITIES.map((name) => [name === "nearby" ? "nearby" : `${name}s`, counts[name], name]),
    ["actions", model.marks.size, null], ...costs(found.cost)];
  $("figures").replaceChildren(...cells.map(([name, number, severity]) => el("div", {},
    el("dt", {}, name), el("dd", { class: [severity, number ? "" : "none"].filter(Boolean).join(" ") },
      severity && symbol(severity), typeof number === "number" ? number.toLocaleString() : number))));
}

function costs(cost) {
  if (!cost) return [];
  return [["tokens in 24 h", cost.tokens, null], ["per hook call", `${cost.ms} ms`, null]];
}

function spaces(found) {
  const select = $("space");
  const all = [...new Set([...found.spaces, model.space].filter(Boolean))];
  select.parentElement.hidden = all.length < 2;
  if ([...select.options].slice(1).map((one) => one.value).join("\n") === all.join("\n") && select.options.length) return;
  select.replaceChildren(el("option", { value: "" }, "All spaces"), ...all.map((one) => el("option", { value: one }, plain(one))));
  select.value = model.space;
}

// ── what is shown ──

function go(end) {
  until = end;
  connection($("connection").dataset.state === "past" ? "live" : $("connection").dataset.state);
  look(true);
}

function step(by) {
  if (!model.view) return;
  const end = (until ?? model.view.now) + by * windowMs * 0.5;
  go(end >= model.view.now ? null : Math.round(end));
}

function choose(ms) {
  windowMs = ms;
  kept.set("window", String(ms));
  for (const button of $("windows").children) button.setAttribute("aria-pressed", String(Number(button.value) === ms));
  if (!$("app").hidden) look(true); // also when the first look is still under way
}

function onlyLane(id) {
  if (model.only.has(id)) model.only.delete(id);
  else model.only.add(id);
  draw();
}

function filterBy(text) {
  $("filter").value = text;
  model.filter = text.trim().toLowerCase();
  back();
  draw();
}

function show(thing, alike) {
  open = { thing, from: document.activeElement };
  $("lists").hidden = true;
  timeline.choose(thing);
  detail.show(model, thing, alike, model.view.now);
}

function back() {
  if (!open) return;
  const { from } = open;
  open = null;
  $("detail").hidden = true;
  $("lists").hidden = false;
  timeline.choose(null);
  const key = from?.dataset?.key;
  const again = key && $("lists").querySelector(`[data-key="${CSS.escape(key)}"]`);
  (again || (from?.isConnected && from) || $("panel")).focus();
}

function theme(name) {
  document.documentElement.dataset.theme = name;
  $("theme").setAttribute("aria-label", `Theme: ${name}`);
  kept.set("theme", name);
  timeline.recolour();
}

// ── coming and going ──

/** One of the faces of the page: `wait`, `sign-in`, `trouble`, `app`. */
function face(shown) {
  for (const id of ["wait", "sign-in", "trouble", "app"]) $(id).hidden = id !== shown;
}

/** Look who is there: whoever is signed in sees the record, whoever is not signs in, and what went wrong is said. */
async function begin() {
  clearTimeout(waiting);
  try {
    await view({ windowMs: 1 });
  } catch (problem) {
    if (problem instanceof SignedOut) return leave();
    if ($("trouble-says").textContent !== problem.message) $("trouble-says").textContent = problem.message;
    face("trouble");
    waiting = setTimeout(begin, RETRY);
    return undefined;
  }
  return enter();
}

function enter() {
  face("app");
  timeline.recolour();
  look(true);
}

function leave() {
  clearTimeout(waiting);
  unfollow?.();
  unfollow = null;
  face("sign-in");
  $("secret").focus();
}

$("sign-in-form").addEventListener("submit", async (event) => {
  event.preventDefault();
  $("sign-in-problem").textContent = "";
  try {
    await signIn($("secret").value.trim());
    $("secret").value = "";
    enter();
  } catch (problem) {
    $("sign-in-problem").textContent = problem.message;
    $("secret").select();
  }
});
$("sign-out").addEventListener("click", async () => {
  await signOut();
  leave();
});

// ── wiring ──

for (const [name, ms] of WINDOWS) {
  $("windows").append(el("button", { type: "button", value: ms, "aria-pressed": String(ms === windowMs), onclick: () => choose(ms) }, name));
}
$("filter").addEventListener("input", () => {
  model.filter = $("filter").value.trim().toLowerCase();
  draw();
  tell($("found").textContent || "everything is shown");
});
$("quiet").addEventListener("change", () => {
  model.quiet = $("quiet").checked;
  draw();
});
$("space").addEventListener("change", () => {
  model.space = $("space").value;
  draw();
});
$("follow").addEventListener("click", () => model.view && go(until === null ? model.view.now : null));
$("earlier").addEventListener("click", () => step(-1));
$("later").addEventListener("click", () => step(1));
$("theme").addEventListener("click", () => theme(THEMES[(THEMES.indexOf(kept.get("theme", "auto")) + 1) % THEMES.length]));
$("keys").addEventListener("click", () => $("help").showModal());
for (const query of ["(prefers-color-scheme: dark)", "(forced-colors: active)"]) {
  matchMedia(query).addEventListener("change", () => timeline.recolour());
}

const KEYS = {
  "/": () => $("filter").focus(), "[": () => step(-1), "]": () => step(1), l: () => go(null), "?": () => $("help").showModal(),
  m: () => lists.select("met", true), a: () => lists.select("activity", true), e: () => lists.select("elsewhere", true),
  t: () => $("theme").click(),
  ...Object.fromEntries(WINDOWS.map(([, ms], place) => [String(place + 1), () => choose(ms)])),
};
document.addEventListener("keydown", (event) => {
  if ($("app").hidden || $("help").open || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === "Escape") {
    if (open) back();
    else if ($("filter").value) filterBy("");
    return;
  }
  if (event.target.matches("input, select, textarea")) return;
  const act = KEYS[event.key];
  if (!act || !model.view) return;
  if (open && "mae".includes(event.key)) back();
  act();
  event.preventDefault();
});

theme(kept.get("theme", "auto"));
$("retry").addEventListener("click", begin);
begin();
