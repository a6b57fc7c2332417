/* Runs before the page is drawn, in any browser: theme, and a word to browsers that are too old.
   Written for old engines on purpose (ES5). */
(function () {
  "use strict";
  var root = document.documentElement;
  var dark = window.matchMedia ? window.matchMedia("(prefers-color-scheme: dark)") : null;
  function theme() {
    var chosen = root.getAttribute("data-wy-theme");
    root.setAttribute("data-bs-theme", chosen || (dark && dark.matches ? "dark" : "light"));
  }
  theme();
  if (dark && dark.addEventListener) dark.addEventListener("change", theme);

  /* The oldest engines that everything works in: see docs/interface.md. */
  function modern() {
    try {
      return window.CSS && CSS.supports("color", "color-mix(in srgb, red, blue)") &&
        CSS.supports("selector(:has(a))") && "requestSubmit" in HTMLFormElement.prototype &&
        typeof HTMLDialogElement === "function";
    } catch (error) {
      return false;
    }
  }
  if (modern()) root.className += " wy-js";
  else {
    document.addEventListener("DOMContentLoaded", function () {
      var notice = document.getElementById("wy-old");
      if (notice) notice.removeAttribute("hidden");
    });
  }
})();
