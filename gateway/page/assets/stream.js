// The event stream, which is opened again whenever it is lost.

import { Failure, get } from "./api.js";

const KINDS = ["snapshot", "ready", "delta", "health", "engine", "totals", "categories"];
const SILENT_MS = 15000; // the gateway sends a beat every five seconds
const MAX_DELAY_MS = 10000;

/** Passes each event to `apply(kind, data)`, and calls `reached(whether)` when the gateway comes or goes. */
export class Stream {
  #apply;
  #reached;
  #source = null;
  #timer = 0;
  #delayMs = 500;
  #last = "";

  constructor(apply, reached) {
    this.#apply = apply;
    this.#reached = reached;
  }

  open() {
    this.close();
    const source = new EventSource(`api/events?after=${encodeURIComponent(this.#last)}`);
    this.#source = source;
    for (const kind of KINDS) {
      source.addEventListener(kind, (event) => {
        this.#heard();
        this.#last = event.lastEventId || this.#last;
        this.#apply(kind, JSON.parse(event.data));
      });
    }
    source.addEventListener("beat", () => this.#heard());
    source.addEventListener("error", () => {
      // The browser opens a stream again that has ended. It gives up one that was refused.
      if (source.readyState === EventSource.CLOSED) this.#lost();
      else this.#watch(3000);
    });
    this.#watch(SILENT_MS);
  }

  /** Forgets where the stream was, so that the next one begins with the whole state. */
  forget() {
    this.#last = "";
  }

  close() {
    this.#source?.close();
    this.#source = null;
    clearTimeout(this.#timer);
  }

  #heard() {
    this.#delayMs = 500;
    this.#reached(true);
    this.#watch(SILENT_MS);
  }

  #watch(timeMs) {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#lost(), timeMs);
  }

  async #lost() {
    this.close();
    this.#reached(false);
    try {
      await get("api/health");
    } catch (error) {
      if (error instanceof Failure && error.status === 403) return; // logged out: the login form is shown
    }
    this.#timer = setTimeout(() => this.open(), this.#delayMs);
    this.#delayMs = Math.min(MAX_DELAY_MS, this.#delayMs * 2);
  }
}
