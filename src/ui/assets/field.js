// Field: takes what a scanner types or a person does, and loses none of the keys that no field shows.

// A field drops the control character GS; its printed symbol stays, and the gateway reads it as GS.
const SEPARATOR = "\u241d";

// Milliseconds between keys, on average, and keys altogether: no person types a whole label so.
const FAST = 60;
const LEAST = 8;

// Keys that scanners send for GS: Ctrl+] wherever that key is, F8, and the character itself.
function isSeparator(event) {
  if (event.key === "\u001d" || event.key === "F8") return true;
  const bracket = event.key === "]" || event.code === "BracketRight";
  return bracket && event.ctrlKey && !event.altKey && !event.metaKey;
}

// Keys that scanners send for the end of a scan. Ctrl+J and Ctrl+M are line feed and return; browsers open windows at one.
function isEnd(event) {
  const control = event.ctrlKey && !event.altKey && /^[jm]$/i.test(event.key);
  return event.key === "Enter" || control;
}

function types(event) {
  const plain = !event.ctrlKey && !event.metaKey && (!event.altKey || event.getModifierState("AltGraph"));
  return event.key.length === 1 && plain;
}

function visible(text) {
  return text.replaceAll("\u001d", SEPARATOR);
}

export class Field extends EventTarget {
  #form;
  #input;
  #began = 0;
  #ended = 0;
  #keys = 0;
  #edited = false;
  #caps = false;
  #capsSeen = false;
  #numpad = "";
  #tabbed = false;

  constructor(form, input) {
    super();
    this.#form = form;
    this.#input = input;
    input.removeAttribute("required");
    document.addEventListener("keydown", (event) => this.#pressed(event), true);
    document.addEventListener("keyup", (event) => this.#released(event), true);
    document.addEventListener("pointerdown", () => (this.#tabbed = false), true);
    document.addEventListener("focusout", () => setTimeout(() => this.#keep()));
    window.addEventListener("focus", () => this.#keep());
    window.addEventListener("pageshow", () => this.#keep());
    input.addEventListener("paste", (event) => this.#pasted(event));
    input.addEventListener("input", () => this.#changed());
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#end();
    });
    this.#keep();
  }

  // The field is given back what nothing else on the page has taken, but for those who walk on by Tab.
  #keep() {
    if (this.#tabbed) return;
    if (document.activeElement === null || document.activeElement === document.body) this.#input.focus();
  }

  #pressed(event) {
    this.#look(event);
    if (event.isComposing) return;
    this.#tabbed = event.key === "Tab";
    if (event.altKey && /^Numpad[0-9]$/.test(event.code)) {
      event.preventDefault();
      this.#numpad += event.code.slice(-1);
    } else if (isSeparator(event)) {
      event.preventDefault();
      this.#count(event);
      this.#insert(SEPARATOR);
    } else if (isEnd(event)) {
      if (event.key === "Enter" && document.activeElement !== this.#input) return;
      event.preventDefault();
      this.#end();
    } else if (event.key === "Tab" && !event.shiftKey && document.activeElement === this.#input && this.#input.value !== "") {
      event.preventDefault();
      this.#tabbed = false;
      this.#end();
    } else if (event.key === "Escape") {
      this.#clear();
      this.#input.focus();
    } else if (event.key === "Backspace" || event.key === "Delete") {
      this.#edited = true;
    } else if (types(event)) {
      const control = document.activeElement?.matches("a, button");
      if (event.key === " " && control) return;
      if (document.activeElement !== this.#input) this.#input.focus();
      this.#count(event);
    }
  }

  // Alt and the digits of a character, as scanners type on Windows.
  #released(event) {
    this.#look(event);
    if (event.key !== "Alt") return;
    if (Number(this.#numpad) === 29 && this.#numpad !== "") this.#insert(SEPARATOR);
    this.#numpad = "";
  }

  #look(event) {
    if (!event.getModifierState) return;
    const caps = event.getModifierState("CapsLock");
    if (caps === this.#caps) return;
    this.#caps = caps;
    this.dispatchEvent(new CustomEvent("caps", { detail: caps }));
  }

  #count(event) {
    if (this.#input.value === "") this.#reset();
    if (this.#keys === 0) this.#began = event.timeStamp;
    this.#ended = event.timeStamp;
    this.#keys += 1;
    this.#capsSeen ||= this.#caps;
  }

  #pasted(event) {
    const text = event.clipboardData?.getData("text/plain") ?? "";
    event.preventDefault();
    this.#edited = true;
    this.#insert(visible(text.replace(/[\r\n\t]+$/, "")));
  }

  #insert(text) {
    this.#input.focus();
    const { selectionStart, selectionEnd, value } = this.#input;
    this.#input.setRangeText(text, selectionStart ?? value.length, selectionEnd ?? value.length, "end");
    this.#changed();
  }

  #changed() {
    this.dispatchEvent(new CustomEvent("typed", { detail: visible(this.#input.value) }));
  }

  #isFast() {
    if (this.#edited || this.#keys < LEAST || this.#keys < this.#input.value.length) return false;
    return (this.#ended - this.#began) / (this.#keys - 1) < FAST;
  }

  #end() {
    const text = visible(this.#input.value);
    const detail = { text, keys: this.#isFast() ? "fast" : "", caps: this.#caps || this.#capsSeen ? "on" : "" };
    this.#clear();
    this.#input.focus();
    if (text.trim() !== "") this.dispatchEvent(new CustomEvent("scan", { detail }));
  }

  #clear() {
    this.#form.reset();
    this.#reset();
    this.#changed();
  }

  #reset() {
    this.#keys = 0;
    this.#edited = false;
    this.#capsSeen = false;
  }
}
