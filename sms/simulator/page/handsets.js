"use strict";

// One conversation for each handset, kept as the server tells it. Nothing is loaded from elsewhere.
const byId = (id) => document.getElementById(id);
const phones = new Map();
const CONDITIONS = {
  off: "switched off",
  out_of_reach: "out of reach",
  wrong_number: "wrong number",
  slow: "slow",
  callbacks_twice: "callbacks twice",
  callbacks_shuffled: "callbacks shuffled",
};
const MOST_SHOWN = 200;
const HARMLESS = ["callbacks_twice", "callbacks_shuffled"];

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
    if (event.target.dataset.answer) answer(event.target.dataset.answer);
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
  return { root, find, drawn: new Map(), unread: 0, phone };
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
  const talk = known.find(".talk");
  const atEnd = talk.scrollHeight - talk.scrollTop - talk.clientHeight < 60;
  const before = known.drawn.size;
  for (const message of handset.messages) drawMessage(known, message, !isFirst);
  const hasMore = known.drawn.size > before;
  known.unread = handset.unread;
  const badge = known.find(".unread");
  badge.hidden = handset.unread === 0;
  badge.textContent = handset.unread;
  badge.setAttribute("aria-label", `${handset.unread} unread`);
  known.root.classList.toggle("has-unread", handset.unread > 0);
  const on = Object.keys(CONDITIONS).filter((name) => handset.switches[name]);
  known.find(".condition").textContent = on.map((name) => CONDITIONS[name]).join(", ") || "on";
  known.root.classList.toggle("troubled", on.some((name) => !HARMLESS.includes(name)));
  for (const box of known.root.querySelectorAll("[data-switch]")) box.checked = handset.switches[box.dataset.switch];
  if (isFirst || (hasMore && !known.root.contains(document.activeElement) && !known.root.matches(":hover"))) {
    place(known);
  }
  if (isFirst || atEnd || hasMore) talk.scrollTop = talk.scrollHeight;
}

// A handset with something new comes to the front, unless somebody is at work on one: nothing jumps away then.
function place(known) {
  const list = byId("handsets");
  const busy = list.querySelector(":hover, :focus-within");
  if (!list.contains(known.root)) list.prepend(known.root);
  else if (!busy && list.firstElementChild !== known.root) list.prepend(known.root);
  match(known);
  while (phones.size > MOST_SHOWN) forget(list.lastElementChild);
}

function forget(root) {
  for (const [phone, known] of phones) if (known.root === root) phones.delete(phone);
  root.remove();
}

function match(known) {
  const wanted = byId("filter").value.replace(/[^\d]/g, "");
  known.root.hidden = wanted !== "" && !known.phone.includes(wanted);
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

byId("filter").addEventListener("input", () => { for (const known of phones.values()) match(known); });
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
