// Scan: the page where a package is scanned and its verdict fills the screen.

import { Field } from "./field.js";
import { reading } from "./gateway.js";
import { Queue } from "./queue.js";
import { fill, fillWith, list, warn } from "./screen.js";
import { addSwitch, play } from "./sound.js";

const PAUSE = 90;

const field = new Field(document.getElementById("scan"), document.getElementById("code"));
const queue = new Queue();
const read = document.getElementById("reading");
const caps = document.getElementById("caps");

let inHand = null;
let typed = 0;

field.addEventListener("caps", (event) => {
  caps.hidden = !event.detail;
});

field.addEventListener("typed", (event) => {
  clearTimeout(typed);
  const text = event.detail;
  if (text.trim() === "") {
    read.replaceChildren();
    return;
  }
  typed = setTimeout(() => show(text), PAUSE);
});

// What is typed is read for as long as it stands in the field; that is a comfort, so its failures are not told.
async function show(text) {
  const mine = typed;
  const parts = await reading(text).catch(() => []);
  if (typed === mine) read.replaceChildren(...parts);
}

field.addEventListener("scan", (event) => {
  fillWith("checking");
  inHand = queue.add(event.detail).id;
});

queue.addEventListener("verdict", (event) => {
  const { scan, section } = event.detail;
  play(section.dataset.verdict);
  if (scan.id === inHand) {
    fill(section);
  } else if (section.dataset.verdict !== "ok") {
    warn(scan);
  }
});

queue.addEventListener("unreachable", (event) => {
  play("unreachable");
  if (event.detail.id === inHand) fillWith("unreachable");
});

queue.addEventListener("change", () => list(queue.scans));

// A page that the browser kept while another was shown must not show an old verdict.
window.addEventListener("pageshow", (event) => {
  if (event.persisted) location.reload();
});

addSwitch(document.getElementById("sound"));
list(queue.scans);
queue.start();
