// What the page knows, from the events of the gateway.

/** The state of the service and of all torrents. It says what has changed by the event `change`. */
export class State extends EventTarget {
  torrents = new Map();
  health = { away: true, ready: false, status: "starting", reasons: [] };
  engine = { state: "unknown", engines: [], restore: null, version: null };
  totals = null;
  categories = [];
  loaded = false;
  #reading = null;

  /** Applies an event of the stream. */
  apply(kind, data) {
    switch (kind) {
      case "snapshot":
        if (data.offset === 0 || this.#reading === null) this.#reading = new Map();
        for (const row of data.torrents) this.#reading.set(row.torrent, row);
        return;
      case "ready":
        this.torrents = this.#reading ?? new Map();
        this.#reading = null;
        this.loaded = true;
        break;
      case "delta":
        for (const fields of data.changed) {
          const row = this.torrents.get(fields.torrent);
          this.torrents.set(fields.torrent, row ? { ...row, ...fields } : fields);
        }
        for (const each of data.removed) this.torrents.delete(each);
        break;
      default:
        this[kind] = data ?? this[kind];
    }
    this.dispatchEvent(new CustomEvent("change", { detail: { kind, data } }));
  }
}
