// Says whether the page is live, and keeps open what was open when a part of it is put anew.
// Everything works without this file: the page is then as of when it was loaded, and says so.
(() => {
  "use strict";
  const SILENCE = 20000; // The server speaks at least every five seconds.
  let heard = 0;
  const opened = new Set();

  const sign = () => document.getElementById("live-sign");

  const tell = (live) => {
    const at = sign();
    if (!at || at.dataset.live === String(live)) return;
    at.dataset.live = String(live);
    const words = at.querySelector("[data-words]");
    if (!words) return;
    const since = new Date().toLocaleTimeString(document.documentElement.lang, { hour12: false });
    words.textContent = live ? at.dataset.yes : at.dataset.no.replace("{at}", since);
  };

  const listened = () => { heard = Date.now(); tell(true); };

  document.addEventListener("htmx:sseOpen", listened);
  document.addEventListener("htmx:sseMessage", listened);
  document.addEventListener("htmx:sseError", () => tell(false));
  document.addEventListener("htmx:sseClose", () => tell(false));
  setInterval(() => { if (heard && Date.now() - heard > SILENCE) tell(false); }, 1000);

  document.addEventListener("toggle", (event) => {
    const { id, open } = event.target;
    if (id) opened[open ? "add" : "delete"](id);
  }, true);
  document.addEventListener("htmx:afterSettle", () => {
    for (const id of opened) document.getElementById(id)?.setAttribute("open", "");
  });
})();
