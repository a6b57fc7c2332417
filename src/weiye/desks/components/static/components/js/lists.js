// List pages: picking rows, and the keyboard.
(() => {
  "use strict";
  const $ = (selector, from = document) => from.querySelector(selector);
  const $$ = (selector, from = document) => [...from.querySelectorAll(selector)];

  // Picking ------------------------------------------------------------------------------------
  const tell = (picks) => {
    const boxes = $$("input[name=pick]", picks);
    const count = boxes.filter((box) => box.checked).length;
    const all = $("[data-pick-all]", picks);
    all.checked = count > 0 && count === boxes.length;
    all.indeterminate = count > 0 && count < boxes.length;
    const found = $("[name=all]", picks);
    // Everything found can be taken once the whole page is.
    if (found) {
      if (!all.checked) found.checked = false;
      $("[data-found]", picks).hidden = !all.checked;
    }
    const bar = $("[data-bulk]", picks);
    bar.classList.toggle("wy-any", count > 0);
    $("[data-picked]", bar).textContent = found?.checked
      ? (found.dataset.more ? "多于 " : "") + Number(found.dataset.total).toLocaleString("zh-CN") : count;
  };
  document.addEventListener("change", (event) => {
    const picks = event.target.closest("[data-picks]");
    if (!picks || !$("[data-bulk]", picks)) return;
    if (event.target.matches("[data-pick-all]")) {
      $$("input[name=pick]", picks).forEach((box) => { box.checked = event.target.checked; });
    }
    tell(picks);
  });

  // Keyboard: j and k go through the rows, x picks, Enter opens (the row's own link has the focus) ---
  const row = (step) => {
    const rows = $$("[data-rows] tbody tr");
    if (!rows.length) return;
    const here = rows.findIndex((each) => each.contains(document.activeElement));
    const next = rows[Math.min(rows.length - 1, Math.max(0, here < 0 ? (step > 0 ? 0 : rows.length - 1) : here + step))];
    const target = $("th a", next) || $("input[name=pick]", next);
    if (target) { target.focus(); next.scrollIntoView({ block: "nearest" }); }
  };
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
    const focused = event.target.closest?.("input, textarea, select, [contenteditable], dialog");
    const inRow = event.target.closest?.("[data-rows] tbody tr");
    // Never while something is typed; a row's own box is no typing.
    if (focused && !(inRow && focused.matches("[name=pick]"))) return;
    if (event.key === "j" || (event.key === "ArrowDown" && inRow)) row(1);
    else if (event.key === "k" || (event.key === "ArrowUp" && inRow)) row(-1);
    else if (event.key === "x" && inRow) $("input[name=pick]", inRow)?.click();
    else return;
    event.preventDefault();
  });
})();
