// The inbox: j and k walk the rows, x selects, letters decide. Decisions are the page's own forms, sent by htmx where it is
// there, so that the list is renewed without leaving it; the focus stays at the row that took the place.

const page = () => document.getElementById("inbox");
const here = () => document.querySelector("[data-page=inbox], [data-page=home]");
const rows = () => [...document.querySelectorAll("#rows > .row")];
const link = (row) => row?.querySelector(".go");
let anchor = -1;

function currentRow() {
  return document.activeElement?.closest?.(".row") ?? null;
}

function go(step) {
  const all = rows();
  if (!all.length) return;
  const at = all.indexOf(currentRow());
  const to = at < 0 ? (step > 0 ? Math.max(firstSeen(all), 0) : all.length - 1) : at + step;
  if (to >= all.length) {
    document.getElementById("more")?.focus();
    return;
  }
  const row = all[Math.max(to, 0)];
  link(row).focus({ preventScroll: true });
  row.scrollIntoView({ block: "nearest" });
}

function firstSeen(all) {
  return all.findIndex((row) => row.getBoundingClientRect().top > 100);
}

function box(row) {
  return row?.querySelector(".pick input");
}

function picked() {
  return rows().filter((row) => box(row)?.checked);
}

function count() {
  const out = document.querySelector(".bulk .picked");
  if (!out) return;
  const n = picked().length;
  out.value = n === 1 ? out.dataset.one.replace("%(n)s", n) : out.dataset.many.replace("%(n)s", n);
}

function on(name, does) {
  document.addEventListener(`octavo:${name}`, (event) => {
    if (!here()) return;
    event.preventDefault();
    does(event);
  });
}

// A decision by letter is about what is selected, else about the row one stands on.
function withSelection(does) {
  if (!page()) return;
  if (!picked().length) {
    const row = currentRow();
    if (!row) return;
    box(row).checked = true;
    count();
  }
  does();
}

on("next", () => go(1));
on("previous", () => go(-1));
on("open", () => link(currentRow())?.click());
on("select", () => {
  const input = box(currentRow());
  if (input) input.click();
});
on("done", () => withSelection(() => document.querySelector(".bulk [data-act=done]").click()));
on("assign", () => withSelection(() => document.querySelector(".bulk [data-act=assign]").click()));
on("snooze", () => withSelection(() => {
  const menu = document.querySelector(".bulk [data-act-menu=snooze]");
  menu.open = true;
  menu.querySelector("button").focus();
}));
on("about", () => withSelection(() => {
  const menu = document.querySelector(".bulk [data-act-menu=about]");
  menu.open = true;
  menu.querySelector("button").focus();
}));
on("arrivals", () => document.querySelector("#arrivals:not([hidden])")?.click());
on("digit", (event) => {
  const about = document.querySelector(".bulk [data-act-menu=about][open]");
  if (about) {
    about.querySelector(`[data-digit="${event.detail.digit}"]`)?.click();
    return;
  }
  const choices = [...document.querySelectorAll(".facets [data-register]")];
  choices[Number(event.detail.digit) - 1]?.click();
});

document.addEventListener("change", (event) => {
  if (event.target.matches?.(".pick input")) count();
});
document.addEventListener("reset", () => setTimeout(() => {
  for (const row of picked()) box(row).checked = false;
  count();
}));

// Shift-click selects from the last one clicked.
document.addEventListener("click", (event) => {
  const input = event.target.closest?.(".pick input");
  if (!input) return;
  const all = rows();
  const at = all.indexOf(input.closest(".row"));
  if (event.shiftKey && anchor >= 0) {
    const [from, to] = [Math.min(anchor, at), Math.max(anchor, at)];
    for (const row of all.slice(from, to + 1)) box(row).checked = input.checked;
  }
  anchor = at;
});

// After a swap the place in the list is kept: the row that moved up gets the focus.
let place = -1;
let length = 0;
document.addEventListener("htmx:before:request", () => {
  const all = rows();
  length = all.length;
  place = all.indexOf(currentRow());
  if (place < 0) place = all.findIndex((row) => box(row)?.checked);
});
document.addEventListener("htmx:after:swap", (event) => {
  const source = event.detail.ctx.sourceElement?.id;
  if (source === "bulk") for (const row of picked()) box(row).checked = false;
  count();
  const all = rows();
  if (source === "more" || event.detail.ctx.target?.id === "rows") link(all[length])?.focus({ preventScroll: true });
  else if (page() && source === "bulk" && place >= 0 && !currentRow()) link(all[Math.min(place, all.length - 1)])?.focus({ preventScroll: true });
});

// Back from a conversation: what was decided there is shown as gone, and nothing moves.
addEventListener("pageshow", (event) => {
  const changed = JSON.parse(sessionStorage.getItem("octavo.changed") ?? "[]");
  if (!page() || !changed.length) return;
  sessionStorage.removeItem("octavo.changed");
  if (event.persisted) for (const id of changed) document.getElementById(`c${id}`)?.classList.add("is-gone");
});
