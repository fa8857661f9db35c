// Parts of a page are renewed in place by htmx. When the answer is not what was asked for, the person is told.
import { say } from "./toasts.js";

document.addEventListener("htmx:before:response", (event) => {
  const { raw, status } = event.detail.ctx.response;
  if (raw.redirected && new URL(raw.url).pathname.startsWith("/sign-in/")) {
    event.preventDefault(); // the session ended: sign in and come back here
    location.reload();
  } else if (status >= 400) {
    event.preventDefault();
    say(document.body.dataset.failed);
  }
});
document.addEventListener("htmx:error", () => say(document.body.dataset.failed));

// After going on to another conversation, reading starts at its heading.
document.addEventListener("htmx:after:swap", (event) => {
  const source = event.detail.ctx.sourceElement;
  if (event.detail.ctx.swap?.includes("show:none") || document.activeElement !== document.body) return;
  if (source && event.detail.ctx.target?.id === "main") document.getElementById("main").focus({ preventScroll: true });
});
