// Sound: each verdict has its own, for those who do not look up. Off until somebody switches it on.

const KEPT = "epcgate-sound";
const TONES = {
  "ok": [[880, 0, 0.09], [1175, 0.1, 0.16]],
  "wait": [[520, 0, 0.14], [520, 0.22, 0.14]],
  "unreachable": [[520, 0, 0.14], [520, 0.22, 0.14]],
  "scan-problem": [[440, 0, 0.12], [350, 0.14, 0.2]],
  "do-not-use": [[175, 0, 0.28], [175, 0.34, 0.28], [175, 0.68, 0.4]],
};

let context = null;
let on = localStorage.getItem(KEPT) === "on";

export function addSwitch(button) {
  button.hidden = false;
  button.setAttribute("aria-checked", String(on));
  button.addEventListener("click", () => {
    on = !on;
    localStorage.setItem(KEPT, on ? "on" : "off");
    button.setAttribute("aria-checked", String(on));
    play("ok");
  });
}

export function play(verdict) {
  if (!on || !(verdict in TONES)) return;
  context ??= new AudioContext();
  for (const [pitch, from, length] of TONES[verdict]) {
    const tone = context.createOscillator();
    const volume = context.createGain();
    const start = context.currentTime + from;
    tone.type = verdict === "do-not-use" ? "square" : "sine";
    tone.frequency.value = pitch;
    volume.gain.setValueAtTime(0.2, start);
    volume.gain.exponentialRampToValueAtTime(0.001, start + length);
    tone.connect(volume).connect(context.destination);
    tone.start(start);
    tone.stop(start + length);
  }
}
