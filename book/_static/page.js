// What only the drawn page can know: names for sliders, keyboard access to what scrolls, and
// formulas in the labels of widgets.
(() => {
  "use strict";

  // The widgets' script asks MathJax 2 to typeset its labels, and stops where it finds MathJax 3.
  function translateMathJax() {
    if (!window.MathJax?.startup || MathJax.Hub) return;
    const typeset = (element) => MathJax.startup.promise.then(() => MathJax.typesetPromise([element]));
    MathJax.Hub = { Queue: ([, , element]) => typeset(element) };
  }

  function reachScrollers() {
    for (const block of document.querySelectorAll("main pre, main table, main .output")) {
      for (const box of [block, block.parentElement]) {
        const scrolls = ["auto", "scroll"].includes(getComputedStyle(box).overflowX);
        if (scrolls && box.scrollWidth > box.clientWidth) box.tabIndex = 0;
      }
    }
  }

  function nameSliders() {
    for (const handle of document.querySelectorAll(".noUi-handle:not([aria-label])")) {
      const label = handle.closest(".widget-inline-hbox")?.querySelector(".widget-label");
      handle.setAttribute("aria-label", label?.textContent.trim() || "slider");
    }
  }

  document.addEventListener("DOMContentLoaded", translateMathJax);
  window.addEventListener("load", () => {
    reachScrollers();
    nameSliders();
    const observer = new MutationObserver(nameSliders);
    observer.observe(document.querySelector("main"), { childList: true, subtree: true });
  });
  window.addEventListener("resize", reachScrollers);
})();
