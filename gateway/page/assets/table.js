// The table of torrents: filtered, sorted, and one page of it in the document.

import { byId, fill, make, set, setText } from "./dom.js";
import { counted, duration, percent, rate, ratio, reason, shownState, size, stateWord, time } from "./format.js";

const PAGE = 100;
const REORDER_MS = 1500; // rows must not jump while somebody aims at one
const COMPLETE = new Set(["finished", "seeding"]);
const TROUBLED = new Set(["error", "missing_storage", "quarantined"]);

export const FILTERS = [
  ["all", "All states", () => true],
  ["active", "Active", (row) => row.download_bps > 0 || row.upload_bps > 0],
  ["incomplete", "Incomplete", (row) => row.progress < 1],
  ["complete", "Complete", (row) => COMPLETE.has(row.state) || row.progress >= 1],
  ["paused", "Paused", (row) => shownState(row) === "paused"],
  ["waiting", "No progress", (row) => Boolean(row.hindrance) && row.hindrance.cause !== "paused"],
  ["troubled", "With errors", (row) => TROUBLED.has(row.state) || Boolean(row.error)],
];

// key, title, class, how to sort, and how to show
const COLUMNS = [
  ["name", "Name", "name", (row) => row.name.toLowerCase(), null],
  ["state", "State", "state", (row) => stateWord(row), null],
  ["progress", "Progress", "progress", (row) => row.progress, null],
  ["size", "Size", "number", (row) => row.bytes_total || row.size, (row) => size(row.bytes_total || row.size)],
  ["down", "Down", "number", (row) => row.download_bps, (row) => rate(row.download_bps)],
  ["up", "Up", "number", (row) => row.upload_bps, (row) => rate(row.upload_bps)],
  ["eta", "Time left", "number", (row) => row.eta_s ?? Infinity, (row) => duration(row.eta_s)],
  ["ratio", "Ratio", "number ratio", (row) => row.ratio ?? -1, (row) => ratio(row.ratio)],
  ["category", "Category", "category", (row) => row.category ?? "", (row) => row.category ?? ""],
  ["added", "Added", "number date", (row) => row.added_us, (row) => time(row.added_us).split(",")[0]],
];

/** Shows the rows of a state, and has the selection. Says `select` and `open` (with the id) by events. */
export class Table extends EventTarget {
  selected = new Set();
  #state;
  #order = [];
  #page = 0;
  #key = "added";
  #descending = true;
  #lines = new Map();
  #orderedAt = 0;
  #timer = 0;

  constructor(state) {
    super();
    this.#state = state;
    this.#buildHead();
    fill(byId("state-filter"), FILTERS.map(([value, text]) => [value, text]));
    fill(byId("sort"), COLUMNS.map(([key, title]) => [key, `Sort: ${title}`]));
    byId("sort").value = this.#key;
    byId("sort").addEventListener("change", (event) => this.#sortBy(event.target.value));
    for (const id of ["search", "state-filter", "category-filter"]) {
      byId(id).addEventListener("input", () => this.#restart());
    }
    byId("filters").addEventListener("submit", (event) => event.preventDefault());
    byId("previous").addEventListener("click", () => this.#turn(-1));
    byId("next").addEventListener("click", () => this.#turn(1));
    byId("rows").addEventListener("keydown", (event) => this.#onKey(event));
    state.addEventListener("change", (event) => this.#onChange(event.detail));
  }

  /** The rows that are selected and still there. */
  rows() {
    return [...this.selected].map((id) => this.#state.torrents.get(id)).filter(Boolean);
  }

  clearSelection() {
    this.selected.clear();
    this.#draw();
  }

  #onChange({ kind, data }) {
    if (kind === "categories") this.#fillCategories();
    if (kind !== "ready" && kind !== "delta") return;
    for (const id of data.removed ?? []) this.selected.delete(id);
    if (kind === "ready") {
      for (const id of [...this.selected]) if (!this.#state.torrents.has(id)) this.selected.delete(id);
    }
    const isNew = data.changed?.some((each) => "added_us" in each);
    if (kind === "ready" || isNew || performance.now() - this.#orderedAt > REORDER_MS) {
      this.#reorder();
    } else if (!this.#timer) {
      this.#timer = setTimeout(() => {
        this.#reorder();
        this.#draw();
      }, REORDER_MS);
    }
    this.#draw();
  }

  #fillCategories() {
    const names = this.#state.categories.map((each) => each.name).sort();
    fill(byId("category-filter"), [["*", "All categories"], ["", "No category"], ...names.map((each) => [each, each])]);
  }

  #restart() {
    this.#page = 0;
    this.#reorder();
    this.#draw();
  }

  #turn(step) {
    this.#page += step;
    this.#draw();
    byId("main").scrollIntoView();
  }

  #sortBy(key) {
    if (key === this.#key) this.#descending = !this.#descending;
    else [this.#key, this.#descending] = [key, ["down", "up", "added", "size", "ratio", "progress"].includes(key)];
    byId("sort").value = this.#key;
    this.#restart();
  }

  #reorder() {
    clearTimeout(this.#timer);
    this.#timer = 0;
    this.#orderedAt = performance.now();
    const text = byId("search").value.trim().toLowerCase();
    const category = byId("category-filter").options.length ? byId("category-filter").value : "*";
    const [, , fits] = FILTERS.find(([value]) => value === byId("state-filter").value) ?? FILTERS[0];
    const [, , , of] = COLUMNS.find(([key]) => key === this.#key);
    const found = [];
    for (const row of this.#state.torrents.values()) {
      if (!fits(row)) continue;
      if (category !== "*" && (row.category ?? "") !== category) continue;
      if (text && !row.name.toLowerCase().includes(text) && !row.torrent.startsWith(text)) continue;
      found.push([of(row), row.torrent]);
    }
    const sign = this.#descending ? -1 : 1;
    found.sort(([a, x], [b, y]) => (a < b ? -sign : a > b ? sign : x < y ? -1 : 1));
    this.#order = found.map(([, id]) => id);
  }

  #draw() {
    const ids = this.#order.filter((id) => this.#state.torrents.has(id));
    const pages = Math.max(1, Math.ceil(ids.length / PAGE));
    this.#page = Math.max(0, Math.min(this.#page, pages - 1));
    const shown = ids.slice(this.#page * PAGE, (this.#page + 1) * PAGE);
    const body = byId("rows");
    const wanted = new Set(shown);
    for (const [id, line] of this.#lines) {
      if (!wanted.has(id)) {
        line.element.remove();
        this.#lines.delete(id);
      }
    }
    let previous = null;
    for (const id of shown) {
      let line = this.#lines.get(id);
      if (!line) {
        line = new Line(id, this);
        this.#lines.set(id, line);
      }
      line.show(this.#state.torrents.get(id), this.selected.has(id));
      const place = previous ? previous.nextSibling : body.firstChild;
      if (place !== line.element) body.insertBefore(line.element, place);
      previous = line.element;
    }
    this.#drawAround(ids.length, pages, shown);
  }

  #drawAround(length, pages, shown) {
    const total = this.#state.torrents.size;
    const all = byId("select-all");
    set(all, "checked", shown.length > 0 && shown.every((id) => this.selected.has(id)));
    set(all, "disabled", shown.length === 0);
    for (const header of byId("columns").querySelectorAll("[data-key]")) {
      const order = header.dataset.key !== this.#key ? "none" : this.#descending ? "descending" : "ascending";
      if (header.getAttribute("aria-sort") !== order) header.setAttribute("aria-sort", order);
    }
    const empty = byId("empty");
    set(empty, "hidden", length > 0 || !this.#state.loaded);
    set(byId("torrents"), "hidden", length === 0);
    setText(empty, total ? "No torrent fits the filter." : "There are no torrents yet. Add one, or drop a torrent file here.");
    set(byId("pages"), "hidden", pages < 2);
    setText(byId("page-word"), `Page ${this.#page + 1} of ${pages}`);
    set(byId("previous"), "disabled", this.#page === 0);
    set(byId("next"), "disabled", this.#page === pages - 1);
    const number = this.selected.size;
    const fitting = length === total ? counted(total, "torrent") : `${length.toLocaleString("en")} of ${counted(total, "torrent")}`;
    setText(byId("count"), number ? `${number.toLocaleString("en")} selected` : fitting);
    this.dispatchEvent(new Event("select"));
  }

  #buildHead() {
    const all = make("input", { id: "select-all", type: "checkbox", attr: { "aria-label": "Select all on this page" } });
    all.addEventListener("change", () => {
      for (const id of this.#lines.keys()) this.choose(id, all.checked, false);
      this.#draw();
    });
    byId("columns").append(make("th", { scope: "col", className: "check", attr: { role: "columnheader" } }, all));
    for (const [key, title, name] of COLUMNS) {
      const button = make("button", { type: "button", textContent: title });
      button.addEventListener("click", () => this.#sortBy(key));
      const attr = { role: "columnheader", "data-key": key };
      byId("columns").append(make("th", { scope: "col", className: name, attr }, button));
    }
  }

  /** Selects a torrent or not. */
  choose(id, chosen, draw = true) {
    if (chosen) this.selected.add(id);
    else this.selected.delete(id);
    if (draw) this.#draw();
  }

  /** Asks to show the details of a torrent. */
  open(id) {
    this.dispatchEvent(new CustomEvent("open", { detail: id }));
  }

  #onKey(event) {
    const line = event.target.closest("tr");
    const step = { ArrowDown: "nextElementSibling", ArrowUp: "previousElementSibling" }[event.key];
    if (!line || !step) return;
    event.preventDefault();
    const part = event.target.type === "checkbox" ? "input" : ".name button";
    line[step]?.querySelector(part)?.focus();
  }
}

/** One row in the document. */
class Line {
  constructor(id, table) {
    this.box = make("input", { type: "checkbox" });
    this.box.addEventListener("change", () => table.choose(id, this.box.checked));
    this.name = make("button", { type: "button", className: "link" });
    this.name.addEventListener("click", () => table.open(id));
    this.word = make("span", { className: "word" });
    this.reason = make("span", { className: "reason" });
    this.bar = make("progress", { max: 1 });
    this.percent = make("span", { className: "percent" });
    this.cells = [];
    const cell = (name, ...children) => make("td", { className: name, attr: { role: "cell" } }, ...children);
    const others = COLUMNS.slice(3).map(([, title, name, , show]) => {
      const value = make("span", { className: "value" });
      this.cells.push([value, show]);
      return cell(`${name} plain`, make("span", { className: "term", textContent: title, attr: { "aria-hidden": "true" } }), value);
    });
    this.element = make(
      "tr",
      { attr: { role: "row" } },
      cell("check", this.box),
      cell("name", this.name),
      cell("state", this.word, this.reason),
      cell("progress", this.bar, this.percent),
      ...others,
    );
    this.shown = null;
  }

  show(row, selected) {
    set(this.box, "checked", selected);
    this.element.classList.toggle("selected", selected);
    if (row === this.shown) return;
    this.shown = row;
    const name = row.name || row.torrent;
    setText(this.name, name);
    if (this.box.getAttribute("aria-label") !== `Select ${name}`) this.box.setAttribute("aria-label", `Select ${name}`);
    if (this.bar.getAttribute("aria-label") !== `Progress of ${name}`) this.bar.setAttribute("aria-label", `Progress of ${name}`);
    setText(this.word, stateWord(row));
    set(this.word, "className", `word ${shownState(row)}`);
    const why = reason(row);
    setText(this.reason, why);
    set(this.reason, "title", why);
    set(this.bar, "value", row.moving ? row.moving.progress : row.progress);
    setText(this.percent, percent(row.moving ? row.moving.progress : row.progress));
    for (const [value, show] of this.cells) {
      const text = show(row);
      setText(value, text);
      value.parentElement.classList.toggle("none", text === "");
    }
  }
}
