// An alert that rings while Octavo lies behind something else: the tab's title says so, and a short tone where it is wanted.
// Of all tabs one listens, also while it is hidden; it tells the others, and the first that may make a sound makes it.

const { ringing, rang, rangWords, sound } = document.body.dataset;
const KNOWN = "octavo.rang"; // up to which moment the tabs of this browser know of ringing
const others = ringing ? new BroadcastChannel(KNOWN) : null;
const still = matchMedia("(prefers-reduced-motion: reduce)");
let audio = null;
let leave = null;
let calm = null;

function listen() {
  navigator.locks.request(KNOWN, () => new Promise((done) => {
    const since = localStorage.getItem(KNOWN) ?? rang;
    const source = new EventSource(`${ringing}?since=${encodeURIComponent(since)}`);
    source.addEventListener("rang", (event) => {
      const said = JSON.parse(event.data);
      localStorage.setItem(KNOWN, said.at);
      others.postMessage(said);
      hear(said);
    });
    leave = () => { source.close(); leave = null; done(); };
  }));
}

function hear(said) {
  flash(said.n);
  // Once for all tabs: whoever gets the lock holds it until the others have asked for it in vain.
  if (sound === "on" && audio?.state === "running") {
    navigator.locks.request(`${KNOWN}.tone`, { ifAvailable: true }, (mine) => mine && tone(said.severity));
  }
}

/** The title calls until somebody looks; where motion is not wanted it changes once. */
function flash(n) {
  if (!document.hidden) return;
  calm?.();
  const plain = document.title;
  const call = `(${n}) ${rangWords} · ${plain}`;
  document.title = call;
  const turn = still.matches ? 0 : setInterval(() => { document.title = document.title === call ? plain : call; }, 1000);
  calm = () => { clearInterval(turn); document.title = plain; calm = null; };
}

/** Two short notes, three where several people are needed. */
async function tone(severity) {
  const begin = audio.currentTime;
  const notes = severity >= 4 ? [880, 1175, 880] : [880, 1175];
  notes.forEach((height, place) => {
    const note = audio.createOscillator();
    const loudness = audio.createGain();
    const from = begin + place * 0.22;
    note.frequency.value = height;
    loudness.gain.setValueAtTime(0, from);
    loudness.gain.linearRampToValueAtTime(0.2, from + 0.02);
    loudness.gain.linearRampToValueAtTime(0, from + 0.18);
    note.connect(loudness).connect(audio.destination);
    note.start(from);
    note.stop(from + 0.2);
  });
  await new Promise((done) => setTimeout(done, 2000));
}

function awake() {
  audio ??= new AudioContext();
  return audio.resume();
}

if (ringing && navigator.locks) {
  listen();
  others.addEventListener("message", (event) => hear(event.data));
  document.addEventListener("visibilitychange", () => { if (!document.hidden) calm?.(); });
  // A page kept for the way back holds nothing.
  addEventListener("pagehide", () => leave?.());
  addEventListener("pageshow", (event) => { if (event.persisted) listen(); });
}
// Browsers let a page make a sound only after somebody has touched it; Ctrl or Shift alone is no touch.
if (sound === "on") {
  const touches = ["pointerdown", "keydown"];
  const touched = () => {
    if (navigator.userActivation && !navigator.userActivation.hasBeenActive) return;
    for (const touch of touches) removeEventListener(touch, touched);
    awake();
  };
  for (const touch of touches) addEventListener(touch, touched);
}

const trial = document.querySelector("[data-try-tone]");
if (trial && "AudioContext" in window) {
  trial.hidden = false;
  trial.addEventListener("click", () => awake().then(() => tone(3)));
}
