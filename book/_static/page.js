// What only the drawn page can know: names and values for sliders, keyboard access to what scrolls,
// formulas in the labels of widgets, and figures that are too small to read.
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
    for (const handle of document.querySelectorAll(".noUi-handle")) {
      const row = handle.closest(".widget-inline-hbox");
      const label = row?.querySelector(".widget-label")?.textContent.trim() || "slider";
      if (!handle.hasAttribute("aria-label")) handle.setAttribute("aria-label", label);
      // The slider itself tells the place of a value in its list.
      const value = row?.querySelector(".widget-readout")?.textContent.trim();
      if (value && handle.getAttribute("aria-valuetext") !== value)
        handle.setAttribute("aria-valuetext", value);
    }
  }

  // On a phone the letters of a figure shrink with it: touched, it is shown as wide as it was drawn.
  function enlargeFigures() {
    const frame = document.body.appendChild(document.createElement("dialog"));
    frame.className = "enlarged bd-content";
    frame.setAttribute("aria-label", "Figure, enlarged");
    frame.addEventListener("click", () => frame.close());
    for (const picture of document.querySelectorAll("main :is(.cell_output, figure) img")) {
      if (picture.closest("a, .jupyter-widgets")) continue;
      picture.classList.add("enlarges");
      picture.addEventListener("click", () => {
        frame.replaceChildren(picture.cloneNode());
        frame.showModal();
      });
    }
  }

  document.addEventListener("DOMContentLoaded", translateMathJax);
  window.addEventListener("load", () => {
    enlargeFigures();
    reachScrollers();
    nameSliders();
    const observer = new MutationObserver(nameSliders);
    const changes = { childList: true, characterData: true, attributeFilter: ["aria-valuetext"] };
    observer.observe(document.querySelector("main"), { subtree: true, ...changes });
  });
  window.addEventListener("resize", reachScrollers);
})();
