// Alerts: y acknowledges, a takes, o opens the message that did it, h goes to the verdict; in the list j and k walk.
// Every one of them presses what stands on the page. In the list of stories one walks likewise.

const page = () => document.querySelector("[data-page=alerts], [data-page=alert], [data-page=stories], [data-page=story]");
const cards = () => [...document.querySelectorAll("[data-alert]")];

function on(name, does) {
  document.addEventListener(`octavo:${name}`, (event) => {
    if (!page()) return;
    event.preventDefault();
    does();
  });
}

// In a list the alert one stands on is meant; without one, nothing is: nobody acknowledges by accident.
function press(name) {
  const within = page().dataset.page === "alert" ? page() : document.activeElement?.closest?.("[data-alert]");
  within?.querySelector(`[data-alert-act=${name}]`)?.click();
}

function go(step) {
  const all = cards();
  if (!all.length) return;
  const at = all.indexOf(document.activeElement?.closest?.("[data-alert]"));
  const card = all[at < 0 ? (step > 0 ? 0 : all.length - 1) : Math.min(Math.max(at + step, 0), all.length - 1)];
  card.querySelector(".open").focus({ preventScroll: true });
  card.scrollIntoView({ block: "nearest" });
}

on("next", () => go(1));
on("previous", () => go(-1));
on("acknowledge", () => press("acknowledge"));
on("take", () => press("take"));
on("evidence", () => press("evidence"));
on("back", () => press("back"));
on("snooze", () => {
  const menu = document.querySelector("[data-alert-menu=snooze]");
  if (!menu) return;
  menu.open = true;
  menu.querySelector("button").focus();
});
on("false", () => {
  const verdict = document.querySelector("#close input[value=false]");
  if (!verdict) return;
  verdict.checked = true;
  document.getElementById("why").focus();
});
