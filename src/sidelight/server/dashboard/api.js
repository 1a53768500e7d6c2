// What the page asks the server: the view, the stream that says when to look again, and signing in.

export class SignedOut extends Error {}

async function asked(path, options = {}) {
  let answer;
  try {
    answer = await fetch(path, { credentials: "same-origin", cache: "no-store", ...options });
  } catch (problem) {
    if (problem.name === "AbortError") throw problem;
    throw new Error("Sidelight does not answer. If it was stopped, start it again with: sidelight serve");
  }
  if (answer.status === 401) throw new SignedOut("signed out");
  const body = await answer.json().catch(() => null);
  if (!answer.ok) throw new Error(body?.error ?? `Sidelight could not answer (${answer.status}); its log says why`);
  if (!body) throw new Error("what answered is not Sidelight");
  return body;
}

/** What happened in a window that ends at `until` (null: now); marks and meetings only those behind `after`. */
export function view({ windowMs, until = null, after = 0 }, signal) {
  const query = new URLSearchParams({ windowMs: String(windowMs), after: String(after) });
  if (until !== null) query.set("until", String(until));
  return asked(`/coordination/view?${query}`, { signal });
}

/** Sign in with what was typed: a one-time code if it looks like one, else the token. */
export function signIn(secret) {
  const isCode = /^[0-9A-Z]{5}[- ]?[0-9A-Z]{5}$/i.test(secret);
  return asked("/session", {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(isCode ? { code: secret } : { token: secret }),
  });
}

export const signOut = () => asked("/session", { method: "DELETE" });

/**
 * Follow the record behind a place in it. `changed(seq)` is called for whatever is new, `state(name)` with `live`,
 * `waiting` (the browser tries again by itself, from where it was) or `lost`. Returns how to end it.
 */
export function follow(after, changed, state) {
  const source = new EventSource(`/coordination/stream?quiet=true&everywhere=true&after=${after}`);
  source.addEventListener("open", () => state("live"));
  source.addEventListener("action", (event) => changed(Number(event.lastEventId)));
  source.addEventListener("error", () => state(source.readyState === EventSource.CLOSED ? "lost" : "waiting"));
  return () => source.close();
}
