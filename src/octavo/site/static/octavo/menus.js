// Menus (details.menu) close with Esc, with a click beside, and when another opens; arrows walk through them.
// Buttons with data-open="id" open a dialog.

function openMenus() {
  return [...document.querySelectorAll("details.menu[open]")];
}

export function closeMenus(except) {
  for (const menu of openMenus()) {
    if (menu !== except && !menu.contains(except)) menu.open = false;
  }
}

export function openDialog(id) {
  const dialog = document.getElementById(id);
  if (dialog && !dialog.open) {
    closeMenus();
    dialog.showModal();
    dialog.dispatchEvent(new CustomEvent("octavo:opened"));
  }
}

function items(menu) {
  return [...menu.querySelectorAll(":scope > :is(div, form) :is(a, button, input:not([type=hidden]))")].filter((item) => item.offsetParent);
}

document.addEventListener("click", (event) => {
  const inside = event.target.closest("details.menu");
  for (const menu of openMenus()) if (menu !== inside) menu.open = false;
  const opener = event.target.closest("[data-open]");
  if (opener) openDialog(opener.dataset.open);
  const closer = event.target.closest("[data-close]");
  if (closer) closer.closest("dialog")?.close();
  // A click on the backdrop is a click on the dialog itself.
  if (event.target instanceof HTMLDialogElement) event.target.close();
});

document.addEventListener("toggle", (event) => {
  const menu = event.target;
  if (!(menu instanceof HTMLDetailsElement) || !menu.matches(".menu") || !menu.open) return;
  for (const other of openMenus()) if (other !== menu && !other.contains(menu)) other.open = false;
  // Where there is no room below, open upwards.
  const panel = menu.querySelector(":scope > :is(div, form)");
  if (panel && !menu.matches(".up")) {
    const box = panel.getBoundingClientRect();
    const above = menu.getBoundingClientRect().top;
    menu.classList.toggle("flip-up", box.bottom > innerHeight - 8 && above > box.height + 16);
  }
}, true);

document.addEventListener("keydown", (event) => {
  const menu = event.target.closest?.("details.menu[open]") ?? openMenus().at(-1);
  if (!menu) return;
  if (event.key === "Escape") {
    menu.open = false;
    menu.querySelector("summary").focus();
    event.stopPropagation();
    event.preventDefault();
  } else if ((event.key === "ArrowDown" || event.key === "ArrowUp") && !event.target.matches("input, textarea, select")) {
    const all = items(menu);
    if (!all.length) return;
    const at = all.indexOf(document.activeElement);
    const step = event.key === "ArrowDown" ? 1 : -1;
    all[at < 0 ? (step > 0 ? 0 : all.length - 1) : (at + step + all.length) % all.length].focus();
    event.preventDefault();
  }
});

for (const opener of document.querySelectorAll("[data-open]")) opener.hidden = false;
