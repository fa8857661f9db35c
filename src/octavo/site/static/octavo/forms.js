// Small comforts of forms: drafts kept while one types, Ctrl+Enter sends, secrets are copied with one press.

const key = (field) => `octavo.draft.${field.dataset.draft}`;

function restore() {
  for (const field of document.querySelectorAll("[data-draft]")) field.value ||= localStorage.getItem(key(field)) ?? "";
}

restore();
document.addEventListener("htmx:after:swap", restore);
document.addEventListener("input", (event) => {
  if (!event.target.dataset?.draft) return;
  if (event.target.value) localStorage.setItem(key(event.target), event.target.value);
  else localStorage.removeItem(key(event.target));
});
document.addEventListener("submit", (event) => {
  const field = event.target.querySelector?.("[data-draft]");
  // Emptied once what was typed is on its way, so that it does not stay beside what was kept.
  if (field) setTimeout(() => { localStorage.removeItem(key(field)); field.value = ""; });
});

document.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && event.target.matches?.("textarea")) {
    event.preventDefault();
    event.target.form?.requestSubmit();
  }
});

customElements.define("copy-button", class extends HTMLElement {
  connectedCallback() {
    if (this.querySelector("button") || !navigator.clipboard) return;
    const button = document.createElement("button");
    button.type = "button";
    button.className = "button small";
    button.textContent = this.getAttribute("words") ?? "Copy";
    button.addEventListener("click", async () => {
      await navigator.clipboard.writeText(document.getElementById(this.getAttribute("for"))?.textContent.trim() ?? "");
      button.textContent = this.getAttribute("done") ?? "Copied";
    });
    this.append(button);
  }
});
