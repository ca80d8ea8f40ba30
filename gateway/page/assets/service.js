// The dialog about the service: problems, engines, quarantined torrents and crash reports.

import { get, post } from "./api.js";
import { byId, make, notify, set, setText } from "./dom.js";
import { counted, duration, size, time, word } from "./format.js";

/** Shows the state of the service. */
export class Service {
  #state;
  #dialog = byId("service");
  #shown = "";

  constructor(state) {
    this.#state = state;
    byId("open-service").addEventListener("click", () => this.open());
    state.addEventListener("change", ({ detail }) => {
      this.#drawButton();
      if (this.#dialog.open && (["health", "engine"].includes(detail.kind) || this.#quarantinedIds() !== this.#shown)) this.#draw();
    });
    this.crashes = make("div", {}, make("p", { className: "faint", textContent: "Loading …" }));
    this.body = make("div", { className: "panel" });
    const close = make("button", { type: "button", className: "quiet close", textContent: "Close" });
    close.addEventListener("click", () => this.#dialog.close());
    this.#dialog.replaceChildren(
      make("div", { className: "head" }, make("h2", { id: "service-title", textContent: "The service" }), close),
      this.body,
    );
  }

  async open() {
    this.#draw();
    this.#dialog.showModal();
    await this.#loadCrashes();
  }

  #drawButton() {
    const { status } = this.#state.health;
    setText(byId("health-word"), status === "away" ? "Daemon away" : word(status));
    set(byId("health-dot"), "className", `dot ${status}`);
  }

  #draw() {
    const { health, engine, totals } = this.#state;
    const focused = document.activeElement?.dataset?.release;
    const reasons = health.reasons.map((each) =>
      make("li", { className: each.severity }, make("p", { textContent: each.message }),
        make("p", { className: "faint", textContent: `${word(each.component)}, since ${time(each.since_us)}` })));
    const engines = engine.engines.map((each) =>
      make("tr", {}, ...[each.slot, word(each.state), each.gen, each.restarts, each.pid ?? "–"].map((text) =>
        make("td", { textContent: text }))));
    const titles = ["Slot", "State", "Generation", "Restarts", "Process"];
    const quarantined = this.#quarantined();
    this.#shown = this.#quarantinedIds();
    this.body.replaceChildren(
      make("h3", { textContent: "Problems" }),
      reasons.length ? make("ul", { className: "plain reasons" }, ...reasons)
        : make("p", { className: "faint", textContent: health.away ? "The daemon does not answer." : "There are no problems." }),
      make("h3", { textContent: "Engine" }),
      make("table", { className: "list" },
        make("thead", {}, make("tr", {}, ...titles.map((each) => make("th", { scope: "col", textContent: each })))),
        make("tbody", {}, ...engines)),
      make("p", { className: "faint", textContent: engine.version ? `Ouzel ${engine.version}` : "" }),
      make("h3", { textContent: "Quarantined torrents" }),
      quarantined.length ? make("ul", { className: "plain quarantined" }, ...quarantined.map((row) => this.#line(row)))
        : make("p", { className: "faint", textContent: "There are none. A torrent that crashes the engine again and again comes here." }),
      make("h3", { textContent: "Disks" }),
      make("ul", { className: "plain" }, ...(totals?.roots ?? []).map((each) =>
        make("li", { textContent: `${each.path}: ${size(each.free_bytes)} free` }))),
      make("h3", { textContent: "Crash reports" }),
      this.crashes,
    );
    if (focused) this.body.querySelector(`[data-release="${focused}"]`)?.focus();
  }

  #quarantined() {
    return [...this.#state.torrents.values()].filter((row) => row.state === "quarantined");
  }

  #quarantinedIds() {
    return this.#quarantined().map((row) => row.torrent).join();
  }

  #line(row) {
    const button = make("button", { type: "button", textContent: "Release", attr: { "data-release": row.torrent, "aria-label": `Release ${row.name}` } });
    button.addEventListener("click", async () => {
      try {
        const { failed } = await post("api/actions/release", { torrents: [row.torrent] });
        notify(failed[row.torrent] ?? `${row.name} was released.`);
      } catch (error) {
        notify(error.message);
      }
    });
    return make("li", {}, make("span", { textContent: row.name }), button, make("p", { className: "faint", textContent: row.error ?? "" }));
  }

  async #loadCrashes() {
    let crashes = [];
    try {
      ({ crashes } = await get("api/crashes"));
    } catch (error) {
      this.crashes.replaceChildren(make("p", { className: "faint", textContent: error.message }));
      return;
    }
    const none = make("p", { className: "faint", textContent: "No engine has crashed." });
    this.crashes.replaceChildren(...(crashes.length ? [make("p", { className: "faint", textContent: counted(crashes.length, "report") }),
      ...crashes.slice(0, 50).map((each) => this.#crash(each))] : [none]));
  }

  #crash(crash) {
    const how = crash.killed_for ?? crash.signal ?? `exit code ${crash.exit_code}`;
    const text = make("pre", { tabIndex: 0, textContent: "Loading …", attr: { role: "region", "aria-label": `Report ${crash.name}` } });
    const element = make("details", {},
      make("summary", { textContent: `${time(crash.time_us)}: ${how}, generation ${crash.gen}, after ${duration(crash.uptime_ms / 1000)}` }), text);
    element.addEventListener("toggle", async () => {
      if (!element.open) return;
      try {
        text.textContent = report(await get(`api/crashes/${encodeURIComponent(crash.name)}`));
      } catch (error) {
        text.textContent = error.message;
      }
    });
    return element;
  }
}

function report(crash) {
  const flight = crash.flight.map((each) => `${each.what}${each.torrent ? ` ${each.torrent}` : ""} (${Math.round(each.age_us / 1000)} ms before)`);
  const versions = Object.entries(crash.versions).map(([name, version]) => `${name} ${version}`);
  return [
    ["Stacks", crash.stacks.trim()],
    ["Last log lines", crash.log.join("\n")],
    ["Last actions", flight.join("\n")],
    ["Versions", versions.join("\n")],
  ].filter(([, text]) => text).map(([title, text]) => `${title}\n\n${text}`).join("\n\n\n") || "The report has no more facts.";
}
