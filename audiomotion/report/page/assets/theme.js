"use strict";

/* Light, dark, or what the system says. Where nothing may be stored the choice lasts for the page. */

(() => {
  const ORDER = ["auto", "light", "dark"];
  const button = document.getElementById("theme");
  const page = document.documentElement;
  let chosen = "auto";
  try {
    chosen = localStorage.getItem("amx-theme") || "auto";
  } catch { /* a sandboxed frame, as MLflow shows pages in */ }

  function apply() {
    if (!ORDER.includes(chosen)) chosen = "auto";
    if (chosen === "auto") page.removeAttribute("data-theme");
    else page.dataset.theme = chosen;
    button.querySelector("span").textContent = chosen;
  }

  button.addEventListener("click", () => {
    chosen = ORDER[(ORDER.indexOf(chosen) + 1) % ORDER.length];
    try {
      localStorage.setItem("amx-theme", chosen);
    } catch { /* see above */ }
    apply();
  });
  window.addEventListener("beforeprint", () => {
    document.querySelectorAll("details").forEach((details) => { details.open = true; });
    page.dataset.theme = "light";
  });
  window.addEventListener("afterprint", apply);
  button.hidden = false;
  apply();
})();
