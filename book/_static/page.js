// What only the drawn page can know: names and values for sliders, keyboard access to what scrolls,
// formulas in the labels of widgets, figures that are too small to read, and what a search found.
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
    // The theme takes the key for its search window.
    frame.addEventListener("keydown", (event) => event.key === "Escape" && frame.close());
    for (const picture of document.querySelectorAll("main :is(.cell_output, figure) img")) {
      if (picture.closest("a, .jupyter-widgets")) continue;
      picture.classList.add("enlarges");
      picture.addEventListener("click", () => {
        frame.replaceChildren(picture.cloneNode());
        frame.firstChild.removeAttribute("style"); // a clip's own width
        frame.showModal();
      });
    }
  }

  // A result of the search shows the sentence with the word; Sphinx shows what stands first on the
  // page, which is the list of its sections.
  function showSentences() {
    if (typeof Search === "undefined") return;
    Search.makeSearchSummary = (text, keywords, anchor) => {
      const page = new DOMParser().parseFromString(text, "text/html");
      let part = (anchor && page.querySelector(anchor)) || page.querySelector("article");
      if (part?.matches("dt")) part = part.nextElementSibling; // a term, and what it means
      const blocks = part?.querySelectorAll("p:not(.caption-text), dd, li, .caption-text") ?? [];
      const words = [...keywords].map((word) => word.toLowerCase());
      const said = Array.from(blocks).flatMap((block) =>
        block.textContent.replace(/\s+/g, " ").trim().split(/(?<=[.?!]) (?=\p{Lu})/u),
      );
      const has = (sentence) => (word) => sentence.toLowerCase().includes(word);
      const found =
        said.find((sentence) => words.every(has(sentence))) ??
        said.find((sentence) => words.some(has(sentence)));
      if (!found) return document.createDocumentFragment();
      const shown = document.createElement("p");
      shown.className = "context";
      // Of a sentence that never ends, the part with the word.
      const at = Math.min(...words.map((word) => found.toLowerCase().indexOf(word)).filter((i) => i >= 0));
      const start = at > 250 ? found.indexOf(" ", at - 100) + 1 : 0;
      const end = start + 300 < found.length ? " ..." : "";
      shown.textContent = (start ? "... " : "") + found.slice(start, start + 300) + end;
      return shown;
    };
  }

  document.addEventListener("DOMContentLoaded", translateMathJax);
  document.addEventListener("DOMContentLoaded", showSentences);
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
