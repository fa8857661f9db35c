// Live lists: the server says how many conversations are new; a quiet button shows them when the person wants them.
// Rows never move by themselves; those a colleague has dealt with meanwhile are shown as gone.

const CALM = 10_000; // milliseconds between two looks at what else changed, however much happens
let source = null;
let looked = 0;
let due = 0;

function start() {
  source?.close();
  source = null;
  const page = document.querySelector("[data-live]");
  if (!page || document.hidden) return;
  source = new EventSource(page.dataset.live);
  source.addEventListener("arrivals", (event) => {
    const button = document.getElementById("arrivals");
    if (!button) return;
    const { n, more } = JSON.parse(event.data);
    const words = button.querySelector("span");
    const form = more ? words.dataset.more : n === 1 ? words.dataset.one : words.dataset.many;
    words.textContent = form.replace("%(n)s", n);
    button.hidden = !n;
    document.dispatchEvent(new CustomEvent("octavo:arrived", { detail: { n } }));
  });
  source.addEventListener("changed", () => {
    due ||= setTimeout(look, Math.max(500, looked + CALM - Date.now()));
  });
}

async function look() {
  const here = location.href;
  due = 0;
  looked = Date.now();
  const answer = await fetch(here, { headers: { "Octavo-Look": "1" } }).catch(() => null);
  if (!answer?.ok || answer.redirected) return;
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
  if (location.href !== here) return;
  for (const part of ["#rail-main", "#strip-state", "#inbox .tabs", "#alert-list", "#alert-tabs", "#alert-state"]) {
    const old = document.querySelector(part);
    if (old && !old.contains(document.activeElement)) old.replaceChildren(...(fresh.querySelector(part)?.childNodes ?? old.childNodes));
  }
  if (!document.getElementById("inbox")) return;
  // A row that is missing has gone, unless it may only have been pushed beyond the end of the first page.
  const rows = [...document.querySelectorAll("#rows > .row")];
  const last = fresh.getElementById("more") ? rows.findLastIndex((row) => fresh.getElementById(row.id)) : rows.length;
  rows.forEach((row, at) => row.classList.toggle("is-gone", at < last && !fresh.getElementById(row.id)));
}

start();
// A hidden page holds no connection; when it is seen again it asks anew.
document.addEventListener("visibilitychange", start);
document.addEventListener("htmx:after:swap", start);
addEventListener("pagehide", () => source?.close());
addEventListener("pageshow", (event) => { if (event.persisted) start(); });
