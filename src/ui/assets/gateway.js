// Gateway: what this page asks of it. An answer comes from there now, or not at all.

const PATIENCE = 20000;

export class Unreachable extends Error {}

async function ask(path, options) {
  const always = { cache: "no-store", credentials: "same-origin", redirect: "error", signal: AbortSignal.timeout(PATIENCE) };
  let text;
  let response;
  try {
    response = await fetch(path, { ...always, ...options });
    text = await response.text();
  } catch {
    throw new Unreachable();
  }
  if (response.status === 401 || response.status === 403) {
    // Who is no longer signed in does so again; what was scanned waits for them.
    location.assign("/sign-in");
    throw new Unreachable();
  }
  if (response.status >= 500) throw new Unreachable();
  return text;
}

function token() {
  return document.getElementById("form-token")?.value ?? "";
}

async function post(path, fields) {
  const text = await ask(path, { method: "POST", body: new URLSearchParams({ ...fields, form_token: token() }) });
  return new DOMParser().parseFromString(text, "text/html");
}

// The verdict on a scan, as an element of the page.
export async function verdict({ text, keys, caps }) {
  const page = await post("/scan", { code: text, keys, caps, part: "verdict" });
  const section = page.querySelector("section[data-verdict]");
  if (!section) throw new Unreachable();
  return document.adoptNode(section);
}

// What the text says so far, as elements of the page.
export async function reading(text) {
  const page = await post("/scan/reading", { code: text });
  return [...page.body.children].map((child) => document.adoptNode(child));
}

// True as long as nobody has answered this question.
export async function isPending(id) {
  return (await ask(`/scan/pending/${encodeURIComponent(id)}`, {})) === "pending";
}
