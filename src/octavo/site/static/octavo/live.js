// Live lists: the server says how many conversations are new; a quiet button shows them when the person wants them.
// Rows never move by themselves.

let source = null;

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
}

start();
// A hidden page holds no connection; when it is seen again it asks anew.
document.addEventListener("visibilitychange", start);
document.addEventListener("htmx:after:swap", start);
addEventListener("pagehide", () => source?.close());
addEventListener("pageshow", (event) => { if (event.persisted) start(); });
