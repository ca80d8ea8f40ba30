// A client of Ouzel: requests with their replies, and the stream of events without gaps. docs/protocol.md says why.
import { randomUUID } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import { Dealer, Subscriber } from "zeromq";
import { decode, encode } from "./wire.js";

const DEADLINE_MS = 10_000;
const GRACE_MS = 1_000; // what a reply may take on its way
const ASK_AGAIN_MS = 3_000;
const PAGE = 1_000;
const RETRY_MS = 500;

/** The server refused; `error` is the map in its reply. */
export class Refused extends Error {
  constructor(error) {
    super(`${error.name}: ${error.message}`);
    this.error = error;
  }
}

/** No reply came in time. */
export class NoAnswer extends Error {}

export class Client {
  #dealer;
  #open = new Map(); // what waits for a reply, by the JSON of its id: 1 and "1" are two ids
  #session = randomUUID();
  #made = 0;

  /** `curve` is what zeromq.js takes: curveServerKey, curvePublicKey and curveSecretKey; without it there is none. */
  constructor({ commands, events, curve = {}, name = `node-${randomUUID()}` }) {
    this.name = name; // under one name and id a request is carried out once, whatever connection it comes by
    this.events = events;
    this.curve = curve;
    this.#dealer = new Dealer({ linger: 0, sendHighWaterMark: 0, receiveHighWaterMark: 0, ...curve });
    this.#dealer.connect(commands);
    this.#receive();
  }

  close() {
    this.#dealer.close();
  }

  async #receive() {
    for await (const frames of this.#dealer) {
      const reply = readable(frames.at(-1));
      if (reply !== null) this.#open.get(JSON.stringify(reply.id))?.(reply);
    }
  }

  /** Sends a request, again each `againMs` under the same id, and gives the map of its reply, or null after `ms`. */
  async request(request, { ms = (request.deadline_ms ?? DEADLINE_MS) + GRACE_MS, againMs = ms } = {}) {
    const frame = encode(request);
    const key = JSON.stringify(request.id);
    const answered = new Promise((resolve) => this.#open.set(key, resolve));
    try {
      for (let left = ms; left > 0; left -= againMs) {
        await this.#dealer.send(frame);
        const late = new AbortController();
        const reply = await Promise.race([
          answered,
          delay(Math.min(againMs, left), null, { signal: late.signal }).catch(() => null),
        ]);
        late.abort();
        if (reply !== null) return reply;
      }
      return null;
    } finally {
      this.#open.delete(key);
    }
  }

  /** The reply to `op`, OK or not. Throws NoAnswer. */
  async ask(op, args = {}) {
    const id = `${this.#session}-${this.#made++}`;
    const request = { v: 1, id, op, args, client: this.name, deadline_ms: DEADLINE_MS };
    const reply = await this.request(request, { againMs: ASK_AGAIN_MS });
    if (reply === null) throw new NoAnswer(`${op}: no answer`);
    return reply;
  }

  /** The result of `op`. Throws Refused and NoAnswer. */
  async call(op, args = {}) {
    const reply = await this.ask(op, args);
    if (!reply.ok) throw new Refused(reply.error);
    return reply.result;
  }

  /** All torrents, page by page. */
  async *torrents() {
    for (let cursor = null; ; ) {
      const page = await this.call("list_torrents", { cursor, limit: PAGE });
      yield* page.torrents;
      cursor = page.cursor;
      if (cursor === null) return;
    }
  }

  /** All torrents at one time: `{epoch, seq, torrents}`. Rows of later pages can be newer than `seq`, never older. */
  async snapshot() {
    let pages = [];
    for (;;) {
      const reply = await this.ask("snapshot", { cursor: pages.at(-1)?.result.cursor ?? null, limit: PAGE });
      if (!reply.ok && reply.error.retry === "never") throw new Refused(reply.error);
      if (!reply.ok) {
        await delay(reply.error.retry_after_ms ?? RETRY_MS);
        pages = []; // begin anew
      } else {
        if (reply.epoch !== pages[0]?.epoch && pages.length) pages = []; // restarted between two pages
        else pages.push(reply);
        if (pages.length && reply.result.cursor === null) break;
      }
    }
    const torrents = pages.flatMap((page) => page.result.torrents);
    return { epoch: pages[0].epoch, seq: pages[0].seq, torrents };
  }

  /** `{snapshot}` first, and again where events were lost for good; `{event}` for every lifecycle event after it.
   *  Throws Refused, and NoAnswer where there was none to the first snapshot; later on it is waited for. */
  async *watch() {
    const subscriber = new Subscriber({ linger: 0, ...this.curve });
    subscriber.subscribe("lifecycle/", "tick/"); // before the snapshot, so that nothing falls between them
    subscriber.connect(this.events);
    const past = new Set(); // epochs that are over, of which events can still lie in the queue
    let now = await this.snapshot();
    let seq = now.seq;
    yield { snapshot: now };
    for await (const [, frame] of subscriber) {
      const event = readable(frame);
      if (event === null || past.has(event.epoch)) continue;
      let lost = false;
      if (event.epoch !== now.epoch) {
        const { epoch } = await patiently(() => this.ask("ping")); // asked just now: this is the epoch that holds
        lost = epoch !== now.epoch;
        past.add(lost ? now.epoch : event.epoch);
      } else if (event.type === "tick" ? event.data.head > seq : event.seq > seq + 1) {
        for await (const missed of this.#replay(now.epoch, seq, event.type === "tick" ? event.data.head : event.seq)) {
          if (missed === null) lost = true;
          else yield { event: missed };
          if (missed !== null) seq = missed.seq;
        }
      } else if (event.type !== "tick" && event.seq === seq + 1) {
        seq = event.seq;
        yield { event };
      }
      if (lost) {
        now = await patiently(() => this.snapshot());
        seq = now.seq;
        yield { snapshot: now };
      }
    }
  }

  /** The events after `seq` up to `head`, or null where they cannot be had any more. */
  async *#replay(epoch, seq, head) {
    while (seq < head) {
      const reply = await patiently(() => this.ask("replay", { epoch, after_seq: seq, limit: PAGE }));
      if (!reply.ok && reply.error.retry === "never") throw new Refused(reply.error);
      if (!reply.ok && reply.error.retry === "later") {
        await delay(reply.error.retry_after_ms ?? RETRY_MS);
      } else {
        const events = reply.ok && reply.epoch === epoch ? reply.result.events : [];
        if (events.length === 0) return yield null;
        yield* events;
        seq = events.at(-1).seq;
      }
    }
  }
}

/** What `work` gives, as soon as there is an answer. */
async function patiently(work) {
  for (;;) {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof NoAnswer)) throw error;
      await delay(RETRY_MS);
    }
  }
}

/** The map in a frame; null, and a word on stderr, where it is none: it is as good as lost. */
function readable(frame) {
  try {
    return decode(frame);
  } catch (error) {
    console.error(`a message was dropped: ${error.message}`);
    return null;
  }
}
