// Toasts go by themselves; one that can be undone says for how long. They stay while pointed at or focused.

const SECONDS = 6;

function prepare(toast) {
  if (toast.dataset.prepared) return;
  toast.dataset.prepared = "yes";
  const close = toast.querySelector("[data-dismiss]");
  if (close) {
    close.hidden = false;
    close.addEventListener("click", () => toast.remove());
  }
  let left = Number(toast.dataset.seconds || SECONDS);
  const tick = setInterval(() => {
    if (!toast.isConnected) return clearInterval(tick);
    if (toast.matches(":hover, :focus-within") || document.hidden) return;
    if (--left > 0) return;
    clearInterval(tick);
    toast.remove();
  }, 1000);
}

function all() {
  document.querySelectorAll("[data-toast]").forEach(prepare);
}

all();
document.addEventListener("htmx:after:swap", all);
document.addEventListener("octavo:undo", () => {
  document.querySelector("[data-undo] button")?.click();
});

/** Say something in passing. */
export function say(words) {
  const toast = document.createElement("div");
  toast.className = "toast";
  toast.dataset.toast = "";
  toast.textContent = words;
  document.getElementById("toasts")?.append(toast);
  prepare(toast);
}
