"use strict";
(() => {
  const browser = document.querySelector(".browser");
  if (!browser) return;
  const cards = [...browser.querySelectorAll(".card")];
  const slice = document.getElementById("by-slice");
  const system = document.getElementById("by-system");
  const outcome = document.getElementById("by-outcome");
  const place = document.getElementById("place");
  const nothing = document.getElementById("nothing");
  let met = cards;
  let at = 0;

  const fits = (card) => {
    if (slice.value && !JSON.parse(card.dataset.slices).includes(slice.value)) return false;
    if (!outcome.value) return true;
    const all = JSON.parse(card.dataset.outcomes);
    const asked = system.value === "" ? all : [all[Number(system.value)]];
    const found = asked.filter((one) => one && one !== "none").length;
    if (outcome.value === "first") return asked.every((one) => one === "first");
    if (outcome.value === "none") return found === 0;
    return found > 0 && found < all.length;
  };

  const show = () => {
    cards.forEach((card) => { card.hidden = card !== met[at]; });
    place.textContent = met.length ? `${at + 1} of ${met.length}` : "0 of 0";
    nothing.hidden = met.length > 0;
  };
  const step = (by) => {
    if (!met.length) return;
    at = (at + by + met.length) % met.length;
    show();
  };
  const filter = () => {
    outcome.querySelector("[value=split]").disabled = system.value !== "";
    if (outcome.selectedOptions[0].disabled) outcome.value = "";
    met = cards.filter(fits);
    at = 0;
    show();
  };

  [slice, system, outcome].forEach((field) => field.addEventListener("change", filter));
  document.getElementById("before").addEventListener("click", () => step(-1));
  document.getElementById("after").addEventListener("click", () => step(1));
  document.addEventListener("keydown", (event) => {
    if (event.altKey || event.ctrlKey || event.metaKey || /^(SELECT|INPUT)$/.test(event.target.tagName)) return;
    if (event.target.closest && event.target.closest(".scroll")) return;
    const frame = browser.getBoundingClientRect();
    if (frame.bottom < 0 || frame.top > window.innerHeight) return;
    const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (!by) return;
    event.preventDefault();
    step(by);
  });
  browser.classList.add("one-at-a-time");
  filter();
})();
