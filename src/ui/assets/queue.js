// Queue: scans wait here for their verdicts, and none is lost while the gateway cannot be reached.

import { Unreachable, isPending, verdict } from "./gateway.js";

const AT_ONCE = 3;
const PAUSES = [1000, 2000, 5000, 10000];
const LATE = 5000;
const KEPT = "epcgate-scans";
const MOST = 200;

export class Queue extends EventTarget {
  #scans = [];
  #asking = 0;
  #failures = 0;
  #timer = 0;
  #looking = false;

  constructor() {
    super();
    this.#scans = remembered();
    window.addEventListener("online", () => this.#resume());
    setInterval(() => this.#look(), LATE);
  }

  // All scans that are remembered, the newest last.
  get scans() {
    return this.#scans;
  }

  // Asks again for what had no verdict when the page was left.
  start() {
    this.#next();
  }

  add({ text, keys, caps }) {
    const scan = { id: crypto.randomUUID(), text, keys, caps, at: Date.now(), state: "checking", word: "CHECKING", shown: "", page: "" };
    this.#scans.push(scan);
    while (this.#scans.length > MOST) this.#scans.shift();
    this.#changed();
    this.#next();
    return scan;
  }

  #next() {
    while (this.#asking < AT_ONCE) {
      const scan = this.#scans.find((one) => isOpen(one) && !one.asked);
      if (!scan) return;
      this.#ask(scan);
    }
  }

  async #ask(scan) {
    scan.asked = true;
    this.#asking += 1;
    try {
      const section = await verdict(scan);
      this.#failures = 0;
      const link = section.querySelector("a[data-shown]");
      scan.state = section.dataset.verdict;
      scan.word = section.querySelector("h2").textContent;
      scan.shown = link?.dataset.shown ?? "";
      scan.page = link?.getAttribute("href") ?? "";
      scan.pending = section.dataset.pending ?? "";
      scan.next = section.querySelector(".next")?.textContent ?? "";
      this.dispatchEvent(new CustomEvent("verdict", { detail: { scan, section } }));
    } catch (error) {
      if (!(error instanceof Unreachable)) throw error;
      if (scan.pending) return;
      const first = scan.state !== "unreachable";
      scan.state = "unreachable";
      scan.word = "NOT YET CHECKED";
      if (first) this.dispatchEvent(new CustomEvent("unreachable", { detail: scan }));
      this.#later();
    } finally {
      scan.asked = false;
      this.#asking -= 1;
      this.#changed();
      if (this.#timer === 0) this.#next();
    }
  }

  // Asks anew about packages whose makers have answered late; the last one scanned comes first.
  async #look() {
    if (this.#looking) return;
    this.#looking = true;
    try {
      for (const scan of this.#scans.filter((one) => one.pending).reverse()) {
        if (!(await isPending(scan.pending))) await this.#ask(scan);
      }
    } catch (error) {
      if (!(error instanceof Unreachable)) throw error;
    } finally {
      this.#looking = false;
    }
  }

  #later() {
    if (this.#timer !== 0) return;
    const pause = PAUSES[Math.min(this.#failures, PAUSES.length - 1)];
    this.#failures += 1;
    this.#timer = setTimeout(() => this.#resume(), pause);
  }

  #resume() {
    clearTimeout(this.#timer);
    this.#timer = 0;
    this.#next();
  }

  #changed() {
    try {
      const plain = this.#scans.map(({ asked, ...scan }) => scan);
      sessionStorage.setItem(KEPT, JSON.stringify(plain));
    } catch {
      // A browser without room keeps them as long as the page is open.
    }
    this.dispatchEvent(new Event("change"));
  }
}

function isOpen(scan) {
  return scan.state === "checking" || scan.state === "unreachable";
}

function remembered() {
  try {
    const scans = JSON.parse(sessionStorage.getItem(KEPT) ?? "[]");
    return Array.isArray(scans) ? scans : [];
  } catch {
    return [];
  }
}
