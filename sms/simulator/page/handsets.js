import { startFilter, troubles } from "./filter.js";

// One conversation for each handset, kept as the server tells it. Nothing is loaded from elsewhere.
const byId = (id) => document.getElementById(id);
const phones = new Map();
const filter = startFilter(phones);
const CONDITIONS = {
  off: "switched off",
  out_of_reach: "out of reach",
  wrong_number: "wrong number",
  slow: "slow",
  callbacks_twice: "callbacks twice",
  callbacks_shuffled: "callbacks shuffled",
};
const MOST_SHOWN = 200;
const MOST_COUNTED = 99;

async function change(method, path, body = {}) {
  const response = await fetch(`/control${path}`, {
    method,
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body),
  });
  if (!response.ok) throw new Error(await response.text());
  return response.json();
}

function shownNumber(phone) {
  const parts = /^\+7(\d{3})(\d{3})(\d{2})(\d{2})$/.exec(phone);
  return parts ? `+7 ${parts[1]} ${parts[2]} ${parts[3]} ${parts[4]}` : phone;
}

function time(at) {
  const when = new Date(at);
  return when.toLocaleString("en-GB", {
    day: "numeric", month: "short", hour: "2-digit", minute: "2-digit", timeZone: "Asia/Almaty",
  });
}

function newPhone(phone) {
  const root = byId("handset").content.cloneNode(true).firstElementChild;
  const find = (selector) => root.querySelector(selector);
  const path = `/handsets/${encodeURIComponent(phone)}`;
  const answer = (text) => text && change("POST", `${path}/answers`, { text }).catch(complain);
  find(".number").textContent = shownNumber(phone);
  find(".avatar").textContent = phone.slice(-2);
  find(".avatar").style.setProperty("--hue", (Number(phone.slice(-4)) * 137) % 360);
  root.setAttribute("aria-label", `Handset ${phone}`);
  find(".quick").addEventListener("click", (event) => {
    const pressed = event.target.closest("button");
    if (!pressed) return;
    const field = find(".write input");
    if (pressed.dataset.fill === undefined) return answer(pressed.dataset.answer);
    field.value = pressed.dataset.fill;
    field.focus();
  });
  find(".write").addEventListener("submit", (event) => {
    event.preventDefault();
    const field = event.target.elements.text;
    answer(field.value.trim());
    field.value = "";
  });
  find(".switches").addEventListener("change", (event) => {
    change("PATCH", path, { [event.target.dataset.switch]: event.target.checked }).catch(complain);
  });
  const read = () => phones.get(phone).unread && change("POST", `${path}/read`).catch(complain);
  root.addEventListener("focusin", read);
  root.addEventListener("click", read);
  // Whoever was at work on it has gone: it may have come to match the filter no longer.
  for (const left of ["focusout", "pointerleave"]) root.addEventListener(left, () => setTimeout(filter));
  const known = { root, find, drawn: new Map(), unread: 0, phone, atEnd: true };
  stayAtEnd(known, find(".talk"));
  return known;
}

// Who reads the end of a conversation still does when its room changes: buttons come, captions wrap, a filter hides.
function stayAtEnd(known, talk) {
  talk.addEventListener("scroll", () => {
    if (talk.clientHeight) known.atEnd = talk.scrollHeight - talk.scrollTop - talk.clientHeight < 60;
  });
  new ResizeObserver(() => { if (known.atEnd) toEnd(known); }).observe(talk);
}

function toEnd(known) {
  const talk = known.find(".talk");
  talk.scrollTop = talk.scrollHeight;
}

function element(name, properties, ...children) {
  const made = Object.assign(document.createElement(name), properties);
  made.append(...children);
  return made;
}

function drawAbout(known, about) {
  const list = known.find(".about");
  list.hidden = about.length === 0;
  list.replaceChildren(...about.map(({ caption, link }) => {
    const item = element("li", {}, element("span", { className: "caption", textContent: caption }));
    // All links share one window, which can stand beside this one.
    if (link) item.append(element("a", { href: link.url, target: "about-handset", referrerPolicy: "no-referrer", textContent: link.text }));
    return item;
  }));
}

function drawAnswers(known, answers) {
  const quick = known.find(".quick");
  const hadFocus = quick.contains(document.activeElement);
  quick.hidden = answers.length === 0;
  quick.replaceChildren(...answers.map(({ text, label, fills }) => {
    const shown = fills && text ? `${text.slice(0, 4)}…` : text;
    const button = element("button", {}, element("b", { textContent: shown || "…" }), element("span", { textContent: label }));
    if (fills) button.dataset.fill = text;
    else button.dataset.answer = text;
    return button;
  }));
  if (hadFocus) known.root.focus({ preventScroll: true });
}

// Draws a part anew only where it has changed, so that nobody's focus is lost.
function refresh(known, part, value, drawPart) {
  const told = JSON.stringify(value);
  if (known[part] === told) return;
  known[part] = told;
  drawPart(known, value);
}

function note(message) {
  const parts = message.parts > 1 ? ` · ${message.parts} parts` : "";
  if (message.status === "undelivered") return `did not arrive: ${message.why} (${message.error_code})`;
  if (message.written_here) {
    const state = { waiting: "sending…", received: "sent", failed: "not taken" }[message.status] ?? message.status;
    return `${time(message.at)} · ${state}`;
  }
  if (message.status !== "delivered") return `on its way (${message.status})${parts}`;
  return `${time(message.at)}${parts}`;
}

function drawMessage(known, message, isNew) {
  let item = known.drawn.get(message.sid);
  if (!item) {
    item = document.createElement("li");
    item.append(document.createElement("div"), document.createElement("span"));
    item.firstChild.className = "bubble";
    item.lastChild.className = "note";
    item.firstChild.textContent = message.text;
    known.drawn.set(message.sid, item);
    known.find(".talk").append(item);
  }
  const waits = message.written_here ? message.status === "waiting" : !["delivered", "undelivered"].includes(message.status);
  item.classList.toggle("written", message.written_here);
  item.classList.toggle("lost", message.status === "undelivered");
  item.classList.toggle("failed", message.status === "failed");
  item.classList.toggle("waits", waits);
  item.classList.toggle("new", isNew && !waits);
  item.lastChild.textContent = note(message);
}

function draw(handset) {
  let known = phones.get(handset.phone);
  const isFirst = !known;
  if (!known) {
    known = newPhone(handset.phone);
    phones.set(handset.phone, known);
  }
  const before = known.drawn.size;
  for (const message of handset.messages) drawMessage(known, message, !isFirst);
  const hasMore = known.drawn.size > before;
  known.unread = handset.unread;
  known.handset = handset;
  refresh(known, "about", handset.about, drawAbout);
  refresh(known, "answers", handset.answers, drawAnswers);
  const badge = known.find(".unread");
  badge.hidden = handset.unread === 0;
  badge.textContent = handset.unread > MOST_COUNTED ? `${MOST_COUNTED}+` : handset.unread;
  badge.setAttribute("aria-label", `${handset.unread} unread`);
  known.root.classList.toggle("has-unread", handset.unread > 0);
  const on = Object.keys(CONDITIONS).filter((name) => handset.switches[name]);
  known.find(".condition").textContent = on.map((name) => CONDITIONS[name]).join(", ") || "on";
  known.root.classList.toggle("troubled", troubles(handset).length > 0);
  for (const box of known.root.querySelectorAll("[data-switch]")) box.checked = handset.switches[box.dataset.switch];
  if (isFirst || (hasMore && !known.root.contains(document.activeElement) && !known.root.matches(":hover"))) {
    place(known);
  }
  if (known.atEnd || hasMore) toEnd(known);
}

// A handset with something new comes to the front, unless somebody is at work on one: nothing jumps away then.
function place(known) {
  const list = byId("handsets");
  const busy = list.querySelector(":hover, :focus-within");
  if (!list.contains(known.root)) list.prepend(known.root);
  else if (!busy && list.firstElementChild !== known.root) list.prepend(known.root);
  while (phones.size > MOST_SHOWN) forget(list.lastElementChild);
}

function forget(root) {
  for (const [phone, known] of phones) if (known.root === root) phones.delete(phone);
  root.remove();
}

function complain(error) {
  const state = byId("state");
  state.classList.remove("live");
  state.textContent = error.message.trim();
}

function listen() {
  const source = new EventSource("/control/events");
  source.onmessage = (event) => {
    const { handsets, down } = JSON.parse(event.data);
    for (const handset of handsets) draw(handset);
    filter();
    byId("count").textContent = phones.size;
    byId("empty").hidden = phones.size > 0;
    byId("down").checked = down;
    byId("outage").hidden = !down;
    byId("state").textContent = "live";
    byId("state").classList.add("live");
    const unread = [...phones.values()].reduce((sum, known) => sum + known.unread, 0);
    document.title = unread ? `(${unread}) Handsets` : "Handsets";
  };
  source.onerror = () => complain(new Error("the simulator does not answer"));
}

byId("down").addEventListener("change", (event) => {
  change("PATCH", "/carrier", { down: event.target.checked }).catch(complain);
});
byId("add").addEventListener("submit", (event) => {
  event.preventDefault();
  const field = event.target.elements.phone;
  change("PUT", `/handsets/${encodeURIComponent(field.value.trim())}`).then(() => { field.value = ""; }, complain);
});
document.addEventListener("click", (event) => {
  for (const open of document.querySelectorAll(".more[open]")) if (!open.contains(event.target)) open.open = false;
});
listen();
