/* Keys that must not travel to the server: Cmd/Ctrl+K, / for the search of the page, the palette's arrows and Enter. */
(() => {
  const find = (id) => document.getElementById(id);
  const editable = (node) => node.closest?.("input, textarea, select, [contenteditable=true]");

  const openPalette = () => find("palette-open")?.click();

  const hits = () => [...document.querySelectorAll("#palette-list [data-hit]")];

  const choose = (rows, next) => {
    rows.forEach((row, index) => row.setAttribute("aria-selected", String(index === next)));
    rows[next]?.scrollIntoView({ block: "nearest" });
  };

  const move = (step) => {
    const rows = hits();
    if (!rows.length) return;
    const now = rows.findIndex((row) => row.getAttribute("aria-selected") === "true");
    choose(rows, (now + step + rows.length) % rows.length);
  };

  // Enter right after typing waits for the results of what was typed, so that it never opens an earlier one.
  let enterWaits = false;
  const enter = () => {
    enterWaits = find("palette-list")?.dataset.searched !== find("palette-input")?.value.trim();
    if (!enterWaits) hits().find((row) => row.getAttribute("aria-selected") === "true")?.click();
  };

  const paletteKey = (event) => {
    enterWaits = false;
    if (event.key === "ArrowDown") move(1);
    else if (event.key === "ArrowUp") move(-1);
    else if (event.key === "Enter") enter();
    else return;
    event.preventDefault();
  };

  document.addEventListener("keydown", (event) => {
    if ((event.metaKey || event.ctrlKey) && event.key.toLowerCase() === "k") {
      event.preventDefault();
      openPalette();
    } else if (event.target.id === "palette-input") {
      paletteKey(event);
    } else if (event.key === "/" && !editable(event.target) && !event.metaKey && !event.ctrlKey) {
      const field = document.querySelector("[data-search]");
      if (field) {
        event.preventDefault();
        field.focus();
      }
    }
  });

  document.addEventListener("click", (event) => {
    if (event.target.closest?.("[data-open-palette]")) openPalette();
    // The search field keeps its own text, so that nothing typed is lost; clearing the filters empties it too.
    if (event.target.closest?.("[data-clear-search]")) {
      for (const field of document.querySelectorAll("[data-search]")) field.value = "";
    }
  });

  // Signing in leads back to where the person wanted to go, however early the form is sent.
  document.addEventListener(
    "submit",
    (event) => {
      const field = event.target.querySelector?.("input[name=next]");
      if (field) field.value = new URLSearchParams(location.search).get("next") ?? "";
    },
    true,
  );

  // The first row is chosen again whenever the results change.
  new MutationObserver(() => {
    const rows = hits();
    if (rows.length && !rows.some((row) => row.getAttribute("aria-selected") === "true")) choose(rows, 0);
    if (enterWaits) enter();
  }).observe(document.documentElement, { childList: true, subtree: true, attributeFilter: ["data-searched"] });
})();
