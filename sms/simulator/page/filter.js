// Which handsets of the row are shown: by what they wait for, and by a number or a caption that is looked for.
const byId = (id) => document.getElementById(id);
const HARMLESS = ["callbacks_twice", "callbacks_shuffled"];
const LOST = ["undelivered", "failed"];
const WAITS = {
  all: () => true,
  asked: (handset) => handset.answers.length > 0,
  unread: (handset) => handset.unread > 0,
  failing: (handset) => troubles(handset).length > 0 || LOST.includes(handset.messages.at(-1)?.status),
  silent: (handset) => !handset.messages.some((message) => message.written_here),
};

// The switches of a handset that keep messages from it.
export function troubles(handset) {
  return Object.keys(handset.switches).filter((name) => handset.switches[name] && !HARMLESS.includes(name));
}

function isFound(handset, wanted) {
  if (/^\+?[\d\s()-]+$/.test(wanted)) return handset.phone.includes(wanted.replace(/\D/g, ""));
  return handset.about.some(({ caption }) => caption.toLowerCase().includes(wanted.toLowerCase()));
}

function chosen() {
  return { show: document.querySelector("[name=show]:checked").value, find: byId("find").value.trim() };
}

function choose(show, find) {
  document.querySelector(`[name=show][value=${show}]`).checked = true;
  byId("find").value = find;
}

// Starts the filter of `phones`, a map whose values have a `root` and a `handset`; returns what applies it anew.
export function startFilter(phones) {
  function apply() {
    const { show, find } = chosen();
    let shown = 0;
    for (const { root, handset } of phones.values()) {
      const matches = WAITS[show](handset) && (!find || isFound(handset, find));
      // What no longer matches stays while somebody is at work on it.
      root.hidden = !matches && (root.hidden || !root.matches(":hover, :focus-within"));
      shown += !root.hidden;
    }
    for (const box of document.querySelectorAll("[name=show]")) {
      const count = [...phones.values()].filter(({ handset }) => WAITS[box.value](handset)).length;
      box.parentElement.querySelector("b").textContent = count;
    }
    byId("none").hidden = shown > 0 || phones.size === 0;
  }

  // It stands in the address behind the #, which no server is sent: what is looked for may be a number.
  function remember() {
    const { show, find } = chosen();
    const kept = new URLSearchParams();
    if (show !== "all") kept.set("show", show);
    if (find) kept.set("find", find);
    history.replaceState(null, "", kept.size ? `#${kept}` : location.pathname);
    apply();
  }

  function recall() {
    const kept = new URLSearchParams(location.hash.slice(1));
    const show = kept.get("show");
    choose(show !== null && Object.hasOwn(WAITS, show) ? show : "all", kept.get("find") ?? "");
    apply();
  }

  byId("find").addEventListener("input", remember);
  byId("show").addEventListener("change", remember);
  byId("everything").addEventListener("click", () => {
    choose("all", "");
    remember();
    byId("find").focus();
  });
  window.addEventListener("hashchange", recall);
  recall();
  return apply;
}
