// The dialog with the details of one torrent: facts, files, trackers and peers.

import { get, post } from "./api.js";
import { byId, make, notify, set, setText } from "./dom.js";
import { counted, duration, percent, rate, ratio, reason, size, stateWord, time, word } from "./format.js";

const REFRESH_MS = 3000;
const PARTS = [["facts", "Facts"], ["files", "Files"], ["trackers", "Trackers"], ["peers", "Peers"]];
const MAX_FILES = 2000;

/** Shows one torrent at a time. */
export class Detail {
  #state;
  #dialog = byId("detail");
  #id = "";
  #part = "facts";
  #timer = 0;
  #asked = 0;

  constructor(state) {
    this.#state = state;
    this.#build();
    this.#dialog.addEventListener("close", () => {
      this.#id = "";
      clearTimeout(this.#timer);
    });
    state.addEventListener("change", () => this.#id && this.#drawHead());
  }

  open(id) {
    this.#id = id;
    this.#choose("facts");
    this.#drawHead();
    this.#dialog.showModal();
  }

  #build() {
    this.name = make("h2", { id: "detail-name" });
    this.word = make("p", { className: "summary" });
    this.bar = make("progress", { max: 1, attr: { "aria-label": "Progress" } });
    this.panel = make("div", { id: "detail-panel", className: "panel", tabIndex: 0, attr: { role: "tabpanel" } });
    this.tabs = PARTS.map(([part, title]) => {
      const attr = { role: "tab", "aria-controls": "detail-panel" };
      const tab = make("button", { type: "button", id: `tab-${part}`, textContent: title, attr });
      tab.addEventListener("click", () => this.#choose(part));
      return tab;
    });
    const list = make("div", { className: "tabs", attr: { role: "tablist", "aria-label": "Parts of the details" } }, ...this.tabs);
    list.addEventListener("keydown", (event) => this.#onKey(event));
    const close = make("button", { type: "button", className: "quiet close", textContent: "Close" });
    close.addEventListener("click", () => this.#dialog.close());
    this.release = make("button", { type: "button", className: "primary", textContent: "Release from quarantine", hidden: true });
    this.release.addEventListener("click", () => this.#run("release", {}, "The torrent was released."));
    const recheck = make("button", { type: "button", textContent: "Check the files" });
    recheck.addEventListener("click", () => this.#run("recheck", {}, "The files are being checked."));
    const announce = make("button", { type: "button", textContent: "Announce now" });
    announce.addEventListener("click", () => this.#run("reannounce", {}, "The torrent was announced."));
    const buttons = make("div", { className: "buttons start" }, this.release, recheck, announce);
    this.#dialog.replaceChildren(
      make("div", { className: "head" }, this.name, close), this.word, this.bar, buttons, list, this.panel,
    );
  }

  #onKey(event) {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    const at = PARTS.findIndex(([part]) => part === this.#part);
    const next = (at + step + PARTS.length) % PARTS.length;
    this.#choose(PARTS[next][0]);
    this.tabs[next].focus();
  }

  #choose(part) {
    this.#part = part;
    PARTS.forEach(([each], index) => {
      this.tabs[index].setAttribute("aria-selected", String(each === part));
      this.tabs[index].tabIndex = each === part ? 0 : -1;
    });
    this.panel.setAttribute("aria-labelledby", `tab-${part}`);
    this.panel.replaceChildren(make("p", { className: "faint", textContent: "Loading …" }));
    this.#load();
  }

  #drawHead() {
    const row = this.#state.torrents.get(this.#id);
    if (!row) {
      this.#dialog.close();
      notify("The torrent was removed.");
      return;
    }
    setText(this.name, row.name || row.torrent);
    const rates = [rate(row.download_bps) && `down ${rate(row.download_bps)}`, rate(row.upload_bps) && `up ${rate(row.upload_bps)}`];
    const left = row.eta_s ? `${duration(row.eta_s)} left` : "";
    setText(this.word, [stateWord(row), percent(row.progress), ...rates, left, reason(row)].filter(Boolean).join(" · "));
    set(this.bar, "value", row.progress);
    set(this.release, "hidden", row.state !== "quarantined");
  }

  async #run(action, order, done) {
    try {
      const { failed } = await post(`api/actions/${action}`, { torrents: [this.#id], ...order });
      notify(Object.values(failed)[0] ?? done);
    } catch (error) {
      notify(error.message);
    }
  }

  async #load() {
    clearTimeout(this.#timer);
    const [id, part] = [this.#id, this.#part];
    const asked = ++this.#asked;
    let problem = "";
    let answer = null;
    try {
      answer = await get(`api/torrents/${id}${part === "facts" ? "" : `/${part}`}`);
    } catch (error) {
      problem = error.message;
    }
    if (asked !== this.#asked || id !== this.#id) return;
    if (answer) this[`_${part}`](answer);
    else if (this.panel.querySelector(".faint")) setText(this.panel.firstChild, problem);
    this.#timer = setTimeout(() => this.#load(), REFRESH_MS);
  }

  _facts({ row, detail }) {
    const facts = [
      ["Save path", row.save_path],
      ["Size", size(row.size)],
      ["Selected", `${size(row.bytes_done)} of ${size(row.bytes_total)}`],
      ["Downloaded", size(row.downloaded)],
      ["Uploaded", `${size(row.uploaded)}, ratio ${ratio(row.ratio)}`],
      ["Peers", `${row.peers} connected, ${row.seeds} of them seeds`],
      ["Category", row.category ?? "–"],
      ["Labels", row.labels.join(", ") || "–"],
      ["Limits", `down ${rate(row.download_limit_bps) || "none"}, up ${rate(row.upload_limit_bps) || "none"}`],
      ["Added", time(row.added_us)],
      ["Completed", time(row.completed_us)],
      ["Id", row.torrent],
    ];
    if (detail?.piece_length) facts.push(["Piece length", size(detail.piece_length)]);
    if (detail?.magnet) facts.push(["Magnet link", detail.magnet]);
    const known = [...this.panel.querySelectorAll("dl.facts dd")];
    if (known.length === facts.length) {
      facts.forEach(([, text], index) => setText(known[index], text));
      return;
    }
    this.panel.replaceChildren(
      make("dl", { className: "facts" }, ...facts.map(([term, text]) =>
        make("div", {}, make("dt", { textContent: term }), make("dd", { textContent: text })))),
    );
  }

  _files({ files, complete }) {
    const key = files.map((each) => each.index).join();
    if (this.panel.dataset.files === `${this.#id} ${key}` && this.panel.querySelector(".files")) {
      const lines = this.panel.querySelectorAll(".files li");
      files.slice(0, MAX_FILES).forEach((file, index) => {
        const box = lines[index].querySelector("input");
        if (!box.disabled) set(box, "checked", file.priority > 0);
        setText(lines[index].querySelector(".done"), fileWord(file));
      });
      this.files = files;
      return;
    }
    this.files = files;
    this.panel.dataset.files = `${this.#id} ${key}`;
    const lines = files.slice(0, MAX_FILES).map((file) => {
      const box = make("input", { type: "checkbox", checked: file.priority > 0 });
      box.addEventListener("change", () => this.#select(file.index, box));
      return make("li", {}, make("label", { className: "choice" }, box, make("span", { textContent: file.path })),
        make("span", { className: "done", textContent: fileWord(file) }));
    });
    const more = files.length > MAX_FILES || !complete;
    this.panel.replaceChildren(
      make("p", { className: "faint", textContent: files.length ? "Selected files are downloaded." : "The files are not known yet." }),
      make("ul", { className: "files plain" }, ...lines),
      ...(more ? [make("p", { className: "faint", textContent: `Only the first ${MAX_FILES} files are shown.` })] : []),
    );
  }

  async #select(index, box) {
    box.disabled = true;
    const priorities = {};
    for (const file of this.files) priorities[file.index] = file.index === index ? (box.checked ? 4 : 0) : file.priority;
    await this.#run("select", { priorities }, box.checked ? "The file is selected." : "The file is not selected any more.");
    box.disabled = false;
    box.focus();
    this.#load();
  }

  _trackers({ trackers }) {
    this.#list(trackers, "This torrent has no trackers.", ["Tracker", "Status", "Seeds", "Message"], (each) => [
      each.url, word(each.status), each.seeds ?? "–", each.message,
    ]);
  }

  _peers({ peers }) {
    this.#list(peers, "No peer is connected.", ["Peer", "Program", "Has", "Down", "Up"], (each) => [
      each.endpoint, each.client, percent(each.progress), rate(each.download_bps), rate(each.upload_bps),
    ]);
  }

  #list(items, none, titles, cells) {
    if (items.length === 0) {
      this.panel.replaceChildren(make("p", { className: "faint", textContent: none }));
      return;
    }
    const head = make("tr", {}, ...titles.map((each) => make("th", { scope: "col", textContent: each })));
    const lines = items.map((item) => make("tr", {}, ...cells(item).map((each) => make("td", { textContent: each }))));
    this.panel.replaceChildren(
      make("p", { className: "faint", textContent: counted(items.length, titles[0].toLowerCase()) }),
      make("table", { className: "list" }, make("thead", {}, head), make("tbody", {}, ...lines)),
    );
  }
}

function fileWord(file) {
  return file.size ? `${percent(file.bytes_done / file.size)} of ${size(file.size)}` : size(0);
}
