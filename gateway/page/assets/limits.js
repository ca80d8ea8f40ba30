// The dialog that limits the rates of the selected torrents.

import { byId, setText } from "./dom.js";
import { counted } from "./format.js";

const KB = 1000;
const DIFFER = "In kB/s. 0 is no limit. Where the limits differ, an empty field leaves them as they are.";
const HINT = "In kB/s. Empty or 0 is no limit.";
const FIELDS = [["limit-down", "download_limit_bps", "download_bps"], ["limit-up", "upload_limit_bps", "upload_bps"]];

/** Asks for limits. Passes the rows and the limits in bytes per second to `apply`. */
export class Limits {
  #rows = [];

  constructor(apply) {
    byId("limits-form").addEventListener("submit", () => {
      const order = {};
      for (const [id, , member] of FIELDS) {
        const field = byId(id);
        // Torrents with different limits keep them if nothing is entered.
        if (field.value !== "" || !field.dataset.mixed) order[member] = Math.round(Number(field.value) * KB);
      }
      if (Object.keys(order).length) apply(this.#rows, order);
    });
  }

  open(rows) {
    this.#rows = rows;
    setText(byId("limits-title"), `Limits of ${counted(rows.length, "torrent")}`);
    let differ = false;
    for (const [id, name] of FIELDS) {
      const limits = new Set(rows.map((row) => row[name] ?? 0));
      const [first] = limits;
      const field = byId(id);
      const mixed = limits.size > 1;
      differ ||= mixed;
      field.dataset.mixed = mixed ? "yes" : "";
      field.placeholder = mixed ? "Different" : "No limit";
      field.value = mixed || !first ? "" : first / KB;
    }
    setText(byId("limits-hint"), differ ? DIFFER : HINT);
    byId("limits").showModal();
  }
}
