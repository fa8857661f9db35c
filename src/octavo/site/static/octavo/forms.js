// Small comforts of forms: drafts kept while one types, Ctrl+Enter sends, secrets are copied with one press.

function draft(field) {
  const key = `octavo.draft.${field.dataset.draft}`;
  field.value ||= localStorage.getItem(key) ?? "";
  field.addEventListener("input", () => {
    if (field.value) localStorage.setItem(key, field.value);
    else localStorage.removeItem(key);
  });
  field.form?.addEventListener("submit", () => localStorage.removeItem(key));
}

document.querySelectorAll("[data-draft]").forEach(draft);

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
