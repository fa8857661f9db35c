// Keys. The table is the dialog behind `?` (site/keys.py): each of its lines says which keys lead where, or which event
// is sent (`octavo:NAME`); pages listen to the events. Letters do nothing while somebody types, or when switched off.
import { closeMenus, openDialog } from "./menus.js";

const lettersOn = document.body.dataset.letterKeys !== "off";
const places = new Map();
const actions = new Map();
let pending = "";
let timer = 0;

for (const line of document.querySelectorAll("#keys [data-key]")) {
  const page = line.closest("[data-where]")?.dataset.where ?? "";
  if (line.dataset.href) places.set(line.dataset.key, line.dataset.href);
  else actions.set(`${page}:${line.dataset.key}`, line.dataset.action);
}

function typing(target) {
  return target.closest?.("input:not([type=checkbox], [type=radio], [type=button], [type=submit]), textarea, select, [contenteditable]");
}

function send(name, detail) {
  const event = new CustomEvent(`octavo:${name}`, { cancelable: true, detail });
  document.dispatchEvent(event);
  return event.defaultPrevented;
}

document.addEventListener("keydown", (event) => {
  if (event.defaultPrevented || event.isComposing) return;
  if ((event.ctrlKey || event.metaKey) && !event.altKey && !event.shiftKey && event.key.toLowerCase() === "k") {
    event.preventDefault();
    openDialog("command");
    return;
  }
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === "Escape" && typing(event.target) && !event.target.closest("dialog")) {
    event.target.blur();
    return;
  }
  if (typing(event.target) || document.querySelector("dialog[open]")) return;
  const letter = event.key.length === 1;
  if (letter && !lettersOn) return;

  clearTimeout(timer);
  const keys = pending ? `${pending} ${event.key}` : event.key;
  pending = "";
  if (places.has(keys)) {
    event.preventDefault();
    location.assign(places.get(keys));
    return;
  }
  if ([...places.keys()].some((sequence) => sequence.startsWith(`${keys} `))) {
    pending = keys;
    timer = setTimeout(() => { pending = ""; }, 1500);
    return;
  }
  const page = document.querySelector("[data-page]")?.dataset.page ?? "";
  if (/^[0-9]$/.test(event.key)) {
    if (send("digit", { digit: event.key })) event.preventDefault();
    return;
  }
  const action = actions.get(`${page}:${event.key}`) ?? actions.get(`:${event.key}`);
  if (!action || (event.key === "Enter" && event.target !== document.body)) return;
  if (action === "search") {
    event.preventDefault();
    const field = document.getElementById("search");
    field?.focus();
    field?.select();
  } else if (action === "keys") {
    event.preventDefault();
    openDialog("keys");
  } else if (send(action, { event })) {
    event.preventDefault();
    if (!["snooze", "correct", "about"].includes(action)) closeMenus();
  }
});
