// What only the drawn page can know: names for sliders, and keyboard access to what scrolls.
(() => {
  "use strict";

  function scrollers() {
    for (const block of document.querySelectorAll("main pre, main table, main .output")) {
      for (const box of [block, block.parentElement]) {
        const scrolls = ["auto", "scroll"].includes(getComputedStyle(box).overflowX);
        if (scrolls && box.scrollWidth > box.clientWidth) box.tabIndex = 0;
      }
    }
  }

  function sliders() {
    for (const handle of document.querySelectorAll(".noUi-handle:not([aria-label])")) {
      const label = handle.closest(".widget-inline-hbox")?.querySelector(".widget-label");
      handle.setAttribute("aria-label", label?.textContent.trim() || "slider");
    }
  }

  window.addEventListener("load", () => {
    scrollers();
    sliders();
    const observer = new MutationObserver(sliders);
    observer.observe(document.querySelector("main"), { childList: true, subtree: true });
  });
  window.addEventListener("resize", scrollers);
})();
