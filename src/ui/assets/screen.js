// Screen: shows the verdict on the package in hand, and the last scans beneath.

const SHOWN = 6;

const screen = document.getElementById("screen");
const said = document.getElementById("said");
const strip = document.getElementById("strip");
const last = document.getElementById("last");
const earlier = document.getElementById("earlier");

// Fills the screen with a verdict, and says it to those who do not see it.
export function fill(section) {
  document.body.dataset.verdict = section.dataset.verdict;
  screen.replaceChildren(section);
  const words = ["h2", ".reason", ".next"].map((part) => section.querySelector(part)?.textContent ?? "");
  said.textContent = words.filter((text) => text !== "").join(". ");
}

// Fills the screen with what the page says by itself: `checking` or `unreachable`.
export function fillWith(name) {
  fill(document.getElementById(name).content.firstElementChild.cloneNode(true));
}

// The last scans with their states, the newest first.
export function list(scans) {
  const newest = scans.slice(-SHOWN).reverse();
  strip.replaceChildren(...newest.map(tile));
  last.hidden = newest.length === 0;
}

function tile(scan) {
  const item = document.createElement("li");
  const box = document.createElement(scan.page ? "a" : "div");
  if (scan.page) box.href = scan.page;
  box.dataset.verdict = scan.state;
  const word = document.createElement("b");
  word.textContent = scan.word;
  const time = document.createElement("time");
  time.dateTime = new Date(scan.at).toISOString();
  time.textContent = new Date(scan.at).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
  const shown = document.createElement("span");
  shown.textContent = scan.shown || scan.text;
  box.append(icon(scan.state), word, shown, time);
  item.append(box);
  return item;
}

function icon(state) {
  const space = "http://www.w3.org/2000/svg";
  const svg = document.createElementNS(space, "svg");
  svg.setAttribute("viewBox", "0 0 96 96");
  svg.setAttribute("aria-hidden", "true");
  const use = document.createElementNS(space, "use");
  use.setAttribute("href", `#sign-${state === "unreachable" ? "wait" : state}`);
  svg.append(use);
  return svg;
}

// Tells of a package that is no longer in hand and must not go on: its verdict came after the next scan.
export function warn(scan) {
  const box = document.createElement("div");
  const text = document.createElement("p");
  const word = document.createElement("b");
  word.textContent = `Earlier package: ${scan.word}`;
  text.append(word, document.createElement("br"), `${scan.shown || scan.text}. ${scan.next ?? ""}`);
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = "I have it";
  button.addEventListener("click", () => box.remove());
  box.append(text, button);
  earlier.append(box);
}
