// A conversation: j and k go on through the list it was opened from; r and a digit correct the register, b and a digit say
// whether it is about us.
const talk = () => document.querySelector("[data-page=conversation]");

function on(name, does) {
  document.addEventListener(`octavo:${name}`, (event) => {
    if (!talk()) return;
    event.preventDefault();
    does(event);
  });
}

function follow(name) {
  document.querySelector(`[data-nav=${name}]`)?.click();
}

// The message one means: the one focused, else the one that needs a person most, else the latest of the public.
function message() {
  const all = [...document.querySelectorAll(".message:has(.reading)")];
  return document.activeElement?.closest?.(".message:has(.reading)") ?? all.find((one) => one.matches(".head")) ?? all.at(-1);
}

on("next", () => follow("next"));
on("previous", () => follow("previous"));
on("back", () => {
  const back = document.querySelector("[data-nav=back]");
  if (!back) return;
  // The browser's own way back keeps the place in the list and what was loaded below.
  const path = new URL(back.href).pathname;
  const came = globalThis.navigation?.entries().slice(0, navigation.currentEntry.index).findLast((entry) => new URL(entry.url).pathname === path);
  if (came) navigation.traverseTo(came.key);
  else back.click();
});
on("done", () => document.querySelector("form[data-act=done] button").click());
on("assign", () => document.querySelector("[data-act=assign]")?.click());
on("snooze", () => {
  const menu = document.querySelector("[data-act-menu=snooze]");
  menu.open = true;
  menu.querySelector("button").focus();
});
on("note", () => document.querySelector(".note-form textarea")?.focus());
on("reading", () => {
  const one = message();
  const why = one?.querySelector("[data-why]");
  if (!why) return;
  why.open = !why.open;
  one.scrollIntoView({ block: "nearest" });
});
function choose(kind) {
  const one = message();
  const menu = one?.querySelector(kind);
  if (!menu) return;
  one.scrollIntoView({ block: "nearest" });
  menu.open = true;
  (menu.querySelector("[aria-current]") ?? menu.querySelector("button")).focus();
}
on("correct", () => choose(".correct"));
on("about", () => choose(".about"));
on("digit", (event) => {
  document.querySelector(`:is(.correct, .about)[open] [data-digit="${event.detail.digit}"]`)?.click();
});

// Lists kept by the browser hear what was decided here, when one goes back to them (inbox.js).
document.addEventListener("htmx:after:swap", (event) => {
  const form = event.detail.ctx.request.form;
  const changed = JSON.parse(sessionStorage.getItem("octavo.changed") ?? "[]");
  if (form?.dataset.changes) changed.push(form.dataset.changes);
  else if (form?.matches("[data-undo]")) changed.pop();
  else return;
  sessionStorage.setItem("octavo.changed", JSON.stringify(changed));
});
