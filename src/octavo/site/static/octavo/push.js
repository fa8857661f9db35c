// Being told in this browser: subscribing it, and knowing it again in the list of one's devices.

const part = document.querySelector("[data-push]");
const can = window.isSecureContext && "serviceWorker" in navigator && "PushManager" in window && "Notification" in window;

function bytes(text) {
  const plain = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
  return Uint8Array.from(plain, (one) => one.charCodeAt(0));
}

async function digest(text) {
  const found = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
  return [...new Uint8Array(found)].map((one) => one.toString(16).padStart(2, "0")).join("");
}

async function subscription() {
  const registration = await navigator.serviceWorker.getRegistration(part.dataset.worker);
  return registration?.pushManager.getSubscription();
}

/** The list's line of this browser, if it stands there. */
async function line() {
  const mine = await subscription();
  return mine ? part.querySelector(`[data-digest="${await digest(mine.endpoint)}"]`) : null;
}

async function show() {
  part.querySelector("[data-cannot]").hidden = can;
  if (!can) return;
  const here = await line();
  part.querySelector("[data-subscribe]").hidden = Boolean(here);
  part.querySelector("[data-refused]").hidden = Notification.permission !== "denied";
  here?.querySelector("[data-here]").removeAttribute("hidden");
}

async function subscribe() {
  if ((await Notification.requestPermission()) !== "granted") return show();
  const registration = await navigator.serviceWorker.register(part.dataset.worker);
  await navigator.serviceWorker.ready;
  await (await registration.pushManager.getSubscription())?.unsubscribe(); // it may belong to a key of ours that is no more
  const made = await registration.pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: bytes(part.dataset.push) });
  const { endpoint, keys } = made.toJSON();
  const form = new URLSearchParams({ endpoint, ...keys, csrfmiddlewaretoken: document.querySelector("[name=csrfmiddlewaretoken]").value });
  const answer = await fetch(part.dataset.add, { method: "POST", body: form });
  if (!answer.ok) throw new Error(answer.status);
  location.reload();
}

if (part) {
  show();
  part.querySelector("[data-subscribe]").addEventListener("click", () => {
    subscribe().catch(async () => {
      const { say } = await import("./toasts.js");
      say(document.body.dataset.failed);
    });
  });
  part.addEventListener("click", async (event) => {
    const button = event.target.closest("[data-forget]");
    if (!button || !can || button.dataset.forgotten) return;
    event.preventDefault();
    if (button.closest("[data-digest]") === (await line())) await (await subscription())?.unsubscribe();
    button.dataset.forgotten = "yes";
    button.click();
  });
}
