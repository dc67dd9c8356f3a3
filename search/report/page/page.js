"use strict";
(() => {
const $ = (id) => document.getElementById(id);
const board = $("board"), says = $("filter-says"), input = $("filter");
let order = null; // {column, down}: what the reader sorted by; null: by rank
let rows = [];

// cellOf is what a cell sorts and filters by: a number, a word, or null.
const cellOf = (row, at) => {
  const cell = row.cells[at], text = cell.dataset.v ?? cell.textContent;
  if (text === "") return null;
  return isNaN(Number(text)) ? text : Number(text);
};
const compare = (a, b) => {
  if (a === null || b === null) return a === b ? 0 : a === null ? 1 : -1;
  if (typeof a !== typeof b) return typeof a === "number" ? -1 : 1;
  return a < b ? -1 : a > b ? 1 : 0;
};
const heads = () => [...board.querySelectorAll("thead th")];

// columnOf finds a column as the command line does: ours before an axis of that name.
const columnOf = (name) => {
  const names = heads().map((h) => h.dataset.c);
  for (const want of [name, "params." + name]) {
    const at = names.indexOf(want);
    if (at >= 0) return at;
  }
  throw new Error(`no column "${name}"; there are ${names.filter(Boolean).map((n) => n.replace(/^params\./, "")).join(", ")}`);
};

// conditions reads --where: comparisons joined by commas, values in double quotes where they need it.
const conditions = (text) => {
  const out = [];
  for (let rest = text.trim(); rest; ) {
    const m = /^([^!=<>,]+?)\s*(!=|<=|>=|==|=|<|>)\s*/.exec(rest);
    if (!m) throw new Error(`want COLUMN=VALUE, have "${rest}"`);
    rest = rest.slice(m[0].length);
    let value;
    if (rest[0] === '"') {
      const q = /^"(?:[^"\\]|\\.)*"/.exec(rest);
      if (!q) throw new Error("a quote is not closed");
      try { value = JSON.parse(q[0]); } catch { throw new Error(`${q[0]} is no quoted text`); }
      rest = rest.slice(q[0].length).trim();
      if (rest && rest[0] !== ",") throw new Error(`want a comma after ${q[0]}`);
      rest = rest.slice(1).trim();
    } else {
      const end = rest.indexOf(",");
      value = (end < 0 ? rest : rest.slice(0, end)).trim();
      rest = end < 0 ? "" : rest.slice(end + 1).trim();
    }
    if (value === "") throw new Error("a value is missing");
    out.push({ at: columnOf(m[1].trim()), op: m[2], value: isNaN(Number(value)) ? value : Number(value) });
  }
  return out;
};
const holds = (row, { at, op, value }) => {
  const have = cellOf(row, at);
  if (have === null) return op === "!=";
  if (typeof have === "string") value = String(value);
  // A trial's ID is cut: what starts like it is it.
  if (row.cells[at].tagName === "TH" && (op === "=" || op === "==")) return String(value).startsWith(have) || String(have).startsWith(value);
  const c = compare(have, value);
  return { "=": c === 0, "==": c === 0, "!=": c !== 0, "<": c < 0, "<=": c <= 0, ">": c > 0, ">=": c >= 0 }[op];
};
const chooser = (text) => {
  if (/[=<>]/.test(text)) {
    const list = conditions(text);
    return (row) => list.every((c) => holds(row, c));
  }
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  return (row) => words.every((w) => row.textContent.toLowerCase().includes(w));
};

const filter = () => {
  says.className = "";
  let keep;
  try { keep = chooser(input.value); } catch (e) {
    says.className = "wrong";
    says.textContent = e.message;
    return;
  }
  let shown = 0;
  for (const row of rows) {
    const on = keep(row);
    row.hidden = !on;
    shown += on;
  }
  says.textContent = input.value.trim() ? `${shown} of ${rows.length} rows` : "";
};

const sort = () => {
  const body = board.querySelector("tbody");
  if (!body) return;
  let list = rows;
  for (const h of heads()) h.removeAttribute("aria-sort");
  if (order) {
    const at = heads().findIndex((h) => h.dataset.c === order.column);
    if (at >= 0) {
      heads()[at].setAttribute("aria-sort", order.down ? "descending" : "ascending");
      list = rows.map((row) => ({ row, key: cellOf(row, at) }));
      list.sort((a, b) => order.down && a.key !== null && b.key !== null ? compare(b.key, a.key) : compare(a.key, b.key));
      list = list.map((x) => x.row);
    }
  }
  body.append(...list);
};

// dress adds to a table what needs a script: buttons in its head, order and filter.
const dress = () => {
  rows = [...board.querySelectorAll("tbody tr")];
  for (const h of heads()) {
    if (!h.dataset.c) continue;
    const button = document.createElement("button");
    button.type = "button";
    button.append(...h.childNodes);
    h.append(button);
  }
  $("controls").hidden = rows.length < 2;
  sort();
  filter();
};

board.addEventListener("click", (e) => {
  const button = e.target.closest("thead button");
  if (!button) return;
  const column = button.parentElement.dataset.c;
  // Upwards, downwards, and back to the ranking.
  if (!order || order.column !== column) order = { column, down: false };
  else order = order.down ? null : { column, down: true };
  sort();
});
input.addEventListener("input", filter);
$("controls").addEventListener("submit", (e) => e.preventDefault());

// Hovering: the same trial lights up wherever it stands, and a mark says what it is.
const tip = $("tip");
let lit = [];
const trialOf = (el) => {
  const at = el.closest("[data-t],[data-trial]");
  if (!at) return null;
  if (at.dataset.t !== undefined) return at.dataset.t;
  const row = rows.find((r) => r.cells[1].textContent === at.dataset.trial);
  return row ? row.dataset.t : null;
};
const light = (t) => {
  for (const el of lit) el.classList.remove("lit", "focus");
  lit = [];
  if (t === null || t === "-1") return;
  const row = rows.find((r) => r.dataset.t === t);
  const name = row ? row.cells[1].textContent : "";
  for (const el of document.querySelectorAll(`tr[data-t="${CSS.escape(t)}"]`)) lit.push(el);
  if (name) for (const el of document.querySelectorAll(`.mark[data-trial="${CSS.escape(name)}"]`)) lit.push(el, el.ownerSVGElement);
  for (const el of lit) el.classList.add(el.tagName === "svg" ? "focus" : "lit");
};
const tell = (el, x, y) => {
  const mark = el && el.closest(".mark,svg.strip,.growing circle");
  // The browser would show a title too, later and smaller: it becomes a label.
  const title = mark && mark.querySelector("title");
  if (title) {
    mark.setAttribute("aria-label", title.textContent);
    title.remove();
  }
  const text = mark && mark.getAttribute("aria-label");
  tip.hidden = !text;
  if (!text) return;
  tip.textContent = text;
  const edge = document.documentElement.clientWidth - tip.offsetWidth - 8;
  tip.style.left = Math.max(4, Math.min(x + 14, edge)) + scrollX + "px";
  tip.style.top = y + 16 + scrollY + "px";
};
document.addEventListener("pointermove", (e) => {
  if (e.pointerType !== "touch") tell(e.target, e.clientX, e.clientY);
});
document.addEventListener("pointerover", (e) => light(trialOf(e.target)));
document.addEventListener("pointerdown", (e) => tell(e.target, e.clientX, e.clientY));
document.addEventListener("focusin", (e) => light(trialOf(e.target)));
document.addEventListener("keydown", (e) => { if (e.key === "Escape") { tip.hidden = true; light(null); } });

dress();

// The live page: whole pieces come from the server, this puts them in their places.
const events = document.documentElement.dataset.events;
if (!events) return;
const link = $("link");
const still = matchMedia("(prefers-reduced-motion: reduce)");
const replace = (id, html) => {
  const at = $(id);
  if (!at) return;
  const before = new Map();
  if (id === "board") for (const r of rows) if (!r.hidden) before.set(r.id, r.getBoundingClientRect().top);
  const scrolled = at.querySelector(".scroll")?.scrollLeft ?? 0;
  const held = at.contains(document.activeElement) ? document.activeElement.closest("th")?.dataset.c : null;
  at.innerHTML = html;
  if (id !== "board") return;
  dress();
  const scroll = at.querySelector(".scroll");
  if (scroll) scroll.scrollLeft = scrolled;
  if (held) heads().find((h) => h.dataset.c === held)?.querySelector("button")?.focus();
  if (still.matches) return;
  for (const r of rows) {
    const was = before.get(r.id);
    if (was === undefined || r.hidden) continue;
    const moved = was - r.getBoundingClientRect().top;
    if (moved && Math.abs(moved) < innerHeight) r.animate([{ transform: `translateY(${moved}px)` }, { transform: "none" }], { duration: 350, easing: "ease-out" });
  }
};
const source = new EventSource(events);
source.addEventListener("open", () => { link.className = "link"; link.textContent = "live"; });
source.addEventListener("part", (e) => {
  const part = JSON.parse(e.data);
  replace(part.id, part.html);
});
source.addEventListener("trouble", (e) => {
  const text = JSON.parse(e.data);
  link.className = text ? "link lost" : "link";
  link.textContent = text || "live";
});
source.addEventListener("error", () => {
  link.className = "link lost";
  link.textContent = source.readyState === EventSource.CLOSED ? "not live any more: reload the page" : "not connected: trying again";
});
})();
