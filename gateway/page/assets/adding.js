// Adding torrents: by the dialog, by drag and drop, and by pasting.

import { post, upload } from "./api.js";
import { byId, fill, make, notify } from "./dom.js";
import { counted } from "./format.js";

const LINK = /^(magnet:\S+|https?:\/\/\S+|[0-9a-f]{40}|[0-9a-f]{64})$/i;

/** The dialog that adds torrents. */
export class Adding {
  #state;
  #dialog = byId("add");
  #files = [];

  constructor(state) {
    this.#state = state;
    byId("open-add").addEventListener("click", () => this.open());
    byId("files").addEventListener("change", (event) => {
      this.#take(event.target.files);
      event.target.value = "";
    });
    byId("add-form").addEventListener("submit", (event) => {
      event.preventDefault();
      this.#send();
    });
    this.#acceptDrops();
    document.addEventListener("paste", (event) => this.#onPaste(event));
  }

  open() {
    const names = this.#state.categories.map((each) => each.name).sort();
    fill(byId("add-category"), [["", "No category"], ...names.map((each) => [each, each])]);
    byId("add-problem").textContent = "";
    if (!this.#dialog.open) {
      this.#draw();
      this.#dialog.showModal();
    }
  }

  #take(files) {
    this.#files.push(...files);
    this.open();
    this.#draw();
  }

  #draw() {
    byId("chosen").replaceChildren(...this.#files.map((file, index) => {
      const button = make("button", { type: "button", className: "quiet", textContent: "Leave out", attr: { "aria-label": `Leave out ${file.name}` } });
      button.addEventListener("click", () => {
        this.#files.splice(index, 1);
        this.#draw();
        byId("files").focus();
      });
      return make("li", {}, make("span", { textContent: file.name }), button);
    }));
  }

  async #send() {
    const links = byId("links").value.split(/\s+/).filter(Boolean);
    const [category, path, paused] = [byId("add-category").value, byId("add-path").value.trim(), byId("add-paused").checked];
    if (!links.length && !this.#files.length) {
      byId("add-problem").textContent = "Give a link or a file first.";
      return;
    }
    try {
      let answer;
      if (this.#files.length) {
        const form = new FormData();
        for (const [name, value] of Object.entries({ links: links.join("\n"), save_path: path, category, paused })) form.append(name, value);
        for (const file of this.#files) form.append("torrents", file, file.name);
        answer = await upload("api/torrents", form);
      } else {
        answer = await post("api/torrents", { links, save_path: path, category, paused });
      }
      this.#finish(answer.results);
    } catch (error) {
      byId("add-problem").textContent = error.message;
    }
  }

  #finish(results) {
    const bad = results.filter((each) => each.problem);
    const known = results.filter((each) => each.duplicate).length;
    const added = results.length - bad.length - known;
    const words = [added && `${counted(added, "torrent")} added`, known && `${counted(known, "torrent")} known already`];
    notify(words.filter(Boolean).join(", "));
    const badSources = new Set(bad.map((each) => each.source));
    this.#files = this.#files.filter((each) => badSources.has(each.name));
    byId("links").value = bad.map((each) => each.source).filter((each) => !this.#files.some((file) => file.name === each)).join("\n");
    byId("add-problem").textContent = bad.map((each) => `${each.source.slice(0, 80)}: ${each.problem}`).join("\n");
    this.#draw();
    if (!bad.length) this.#dialog.close();
  }

  #acceptDrops() {
    const drop = byId("drop");
    const fits = (event) => !byId("app").hidden && ["Files", "text/uri-list"].some((type) => event.dataTransfer?.types.includes(type));
    document.addEventListener("dragover", (event) => {
      if (!fits(event)) return;
      event.preventDefault();
      drop.hidden = false;
    });
    document.addEventListener("dragleave", (event) => {
      if (!event.relatedTarget) drop.hidden = true;
    });
    document.addEventListener("drop", (event) => {
      if (!fits(event)) return;
      event.preventDefault();
      drop.hidden = true;
      if (event.dataTransfer.files.length) this.#take(event.dataTransfer.files);
      else this.#takeLinks(linksIn(event.dataTransfer.getData("text/uri-list")));
    });
  }

  #onPaste(event) {
    if (byId("app").hidden) return;
    if (event.clipboardData.files.length) {
      event.preventDefault();
      this.#take(event.clipboardData.files);
      return;
    }
    const links = linksIn(event.clipboardData.getData("text"));
    if (event.target.matches("input, textarea") || !links.length) return;
    event.preventDefault();
    this.#takeLinks(links);
  }

  #takeLinks(links) {
    if (!links.length) return;
    byId("links").value = [byId("links").value.trim(), ...links].filter(Boolean).join("\n");
    this.open();
  }
}

/** The links and info-hashes of a text; none if it has anything else. A line with # is a comment, as in dropped lists. */
function linksIn(text) {
  const lines = text.split(/\s*\n\s*/).map((line) => line.trim()).filter((line) => line && !line.startsWith("#"));
  return lines.every((line) => LINK.test(line)) ? lines : [];
}
