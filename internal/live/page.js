"use strict";
// Takes the page anew every second, and shows the main part of the new one. All text
// of it was escaped by the server, and the policy of the page runs no other script.
(() => {
  const stale = document.getElementById("stale");
  const every = 1000, patience = 5000;
  const page = location.origin + location.pathname; // a password in the address is refused
  async function refresh() {
    try {
      const answer = await fetch(page, { cache: "no-store", signal: AbortSignal.timeout(patience) });
      if (!answer.ok) throw new Error("status " + answer.status);
      const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
      const open = [...document.querySelectorAll("main details")].map((d) => d.open);
      document.querySelector("main").replaceWith(fresh.querySelector("main"));
      document.querySelectorAll("main details").forEach((d, i) => { d.open = open[i]; });
      stale.textContent = "";
    } catch (e) {
      stale.textContent = "The process does not answer (" + e.message + "). What is below is old.";
    }
    setTimeout(refresh, every);
  }
  setTimeout(refresh, every);
})();
