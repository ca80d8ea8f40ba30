// Figures and words for people.

const UNITS = ["B", "kB", "MB", "GB", "TB", "PB"];
const STATES = {
  queued: "Queued",
  checking: "Checking",
  fetching_metadata: "Fetching metadata",
  downloading: "Downloading",
  finished: "Complete",
  seeding: "Seeding",
  paused: "Paused",
  error: "Error",
  missing_storage: "Missing storage",
  quarantined: "Quarantined",
};

const PAUSABLE = new Set(["queued", "fetching_metadata", "downloading", "finished", "seeding"]);

/** A size such as `1.23 GB`, with three digits. */
export function size(bytes) {
  if (bytes === null || bytes === undefined) return "–";
  let unit = 0;
  let value = bytes;
  while (value >= 999.5 && unit < UNITS.length - 1) {
    value /= 1000;
    unit += 1;
  }
  const digits = unit === 0 || value >= 99.95 ? 0 : value >= 9.995 ? 1 : 2;
  return `${value.toFixed(digits)} ${UNITS[unit]}`;
}

/** A rate; empty if there is none. */
export function rate(bps) {
  return bps ? `${size(bps)}/s` : "";
}

/** A duration such as `3 h 20 min`, with at most two units. */
export function duration(seconds) {
  if (seconds === null || seconds === undefined) return "";
  const steps = [["d", 86400], ["h", 3600], ["min", 60], ["s", 1]];
  const first = steps.findIndex(([, length]) => seconds >= length);
  if (first < 0) return "0 s";
  const [unit, length] = steps[first];
  const whole = Math.floor(seconds / length);
  const next = steps[first + 1];
  const rest = next ? Math.floor((seconds % length) / next[1]) : 0;
  return rest ? `${whole} ${unit} ${rest} ${next[0]}` : `${whole} ${unit}`;
}

/** A percentage that says 100 only if all is complete. */
export function percent(fraction) {
  return `${(Math.floor(fraction * 1000) / 10).toFixed(1)} %`;
}

/** A ratio with two digits. */
export function ratio(value) {
  return value === null || value === undefined ? "–" : value.toFixed(2);
}

/** A date and time in the reader's format. */
export function time(us) {
  return us ? new Date(us / 1000).toLocaleString() : "–";
}

/** The state. A torrent that is to be paused counts as paused, also while the engine is away. */
export function shownState(row) {
  return row.paused && PAUSABLE.has(row.state) ? "paused" : row.state;
}

/** The word for a state. */
export function stateWord(row) {
  if (row.moving) return "Moving";
  const state = shownState(row);
  return STATES[state] ?? state;
}

/** Why a torrent makes no progress; empty if there is no reason, or the state says it. */
export function reason(row) {
  if (row.error) return row.error;
  if (!row.hindrance || row.hindrance.cause === "paused") return "";
  return row.hindrance.message;
}

/** A word with a capital, such as `Not contacted` for `not_contacted`. */
export function word(name) {
  const text = String(name).replaceAll("_", " ");
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** `1 torrent`, `2 torrents`. */
export function counted(number, noun) {
  return `${number.toLocaleString("en")} ${noun}${number === 1 ? "" : "s"}`;
}
