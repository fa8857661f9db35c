// The command bar (Ctrl+K): goes to any page, view, brand or register. Its options are links fetched when it first opens.
const dialog = document.getElementById("command");

if (dialog) {
  const input = dialog.querySelector("input");
  const list = dialog.querySelector("[role=listbox]");
  const none = dialog.querySelector(".none");
  let options = [];
  let current = -1;

  const plain = (text) => text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();

  function choose(at) {
    const shown = options.filter((option) => !option.hidden);
    options.forEach((option) => option.setAttribute("aria-selected", "false"));
    current = shown.length ? (at + shown.length) % shown.length : -1;
    const chosen = shown[current];
    chosen?.setAttribute("aria-selected", "true");
    chosen?.scrollIntoView({ block: "nearest" });
    if (chosen) input.setAttribute("aria-activedescendant", chosen.id);
    else input.removeAttribute("aria-activedescendant");
  }

  function narrow() {
    const words = plain(input.value).split(/\s+/).filter(Boolean);
    for (const option of options) option.hidden = !words.every((word) => plain(option.textContent).includes(word));
    none.hidden = options.some((option) => !option.hidden);
    choose(0);
  }

  dialog.addEventListener("octavo:opened", async () => {
    input.value = "";
    input.focus();
    if (!options.length) {
      const answer = await fetch(list.dataset.src, { headers: { Accept: "text/html" } });
      if (!answer.ok || answer.redirected) return;
      list.innerHTML = await answer.text();
      options = [...list.querySelectorAll("[role=option]")];
    }
    narrow();
  });
  input.addEventListener("input", narrow);
  input.addEventListener("keydown", (event) => {
    if (event.key === "ArrowDown") choose(current + 1);
    else if (event.key === "ArrowUp") choose(current - 1);
    else if (event.key === "Enter") {
      const chosen = options.filter((option) => !option.hidden)[current];
      if (chosen) location.assign(chosen.href);
      else if (input.value.trim()) location.assign(`${document.querySelector(".strip .search").action}?q=${encodeURIComponent(input.value.trim())}`);
    } else return;
    event.preventDefault();
  });
}
