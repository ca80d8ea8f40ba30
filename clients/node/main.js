// The command line that clients/README.md describes.
import { readFile } from "node:fs/promises";
import { createInterface } from "node:readline";
import { parseArgs } from "node:util";
import { Client, NoAnswer, Refused } from "./ouzel.js";
import { decode, encode, fromJson, toJson } from "./wire.js";

const USAGE = `usage: run --commands ENDPOINT --events ENDPOINT [--server-key Z85 --key FILE] VERB
  add SOURCE [--save-path DIR] | list | watch [--snapshot-only] | calls | codec`;

class Usage extends Error {}

const print = (value) => process.stdout.write(`${toJson(value)}\n`);
const lines = () => createInterface({ input: process.stdin, crlfDelay: Infinity });

async function add(client, { "save-path": savePath }, source) {
  const what = source.startsWith("magnet:") ? { magnet: source } : { metainfo: await fileOf(source) };
  const added = await client.call("add_torrent", { ...what, save_path: savePath });
  process.stdout.write(`${added.torrent}\n`);
}

async function list(client) {
  for await (const row of client.torrents()) {
    process.stdout.write(`${[row.torrent, row.state, (row.progress * 100).toFixed(1), row.name].join("\t")}\n`);
  }
}

async function watch(client, { "snapshot-only": snapshotOnly }) {
  if (!snapshotOnly) process.stdin.on("end", () => process.exit(0)).resume();
  process.on("SIGTERM", () => process.exit(0));
  for await (const { snapshot, event } of client.watch()) {
    print(snapshot ? { snapshot } : event);
    if (snapshotOnly) return;
  }
}

async function calls(client) {
  let count = 0;
  for await (const line of lines()) {
    const request = { v: 1, id: `call-${process.pid}-${count++}`, args: {}, ...fromJson(line) };
    print((await client.request(request)) ?? { lost: request.id });
  }
}

async function codec() {
  for await (const line of lines()) {
    try {
      const decoded = decode(Buffer.from(line.trim(), "hex"));
      print({ ok: true, decoded, hex: Buffer.from(encode(decoded)).toString("hex") });
    } catch (error) {
      print({ ok: false, why: error.message });
    }
  }
}

async function fileOf(path) {
  try {
    return await readFile(path);
  } catch (error) {
    throw new Usage(`${path}: ${error.message}`);
  }
}

/** The keys of a file as `ouzel keys new` writes it: NAME.key_secret. */
async function curveOf(curveServerKey, path) {
  const text = String(await fileOf(path ?? ""));
  const [curvePublicKey, curveSecretKey] = ["public", "secret"].map(
    (name) => text.match(new RegExp(`^\\s*${name}-key\\s*=\\s*"(.{40})"`, "m"))?.[1],
  );
  if (curveServerKey.length !== 40 || !curvePublicKey || !curveSecretKey) throw new Usage("--key is not a file of keys");
  return { curveServerKey, curvePublicKey, curveSecretKey };
}

function parsed(argv) {
  const string = { type: "string" };
  const options = {
    commands: string, events: string, "server-key": string, key: string,
    "save-path": string, "snapshot-only": { type: "boolean" },
  };
  // parseArgs takes no value that begins with a dash, but a key may begin with one: it gets `--name=value`.
  const args = [];
  for (let at = 0; at < argv.length; at++) {
    const takesValue = argv[at].startsWith("--") && options[argv[at].slice(2)] === string && at + 1 < argv.length;
    args.push(takesValue ? `${argv[at]}=${argv[++at]}` : argv[at]);
  }
  try {
    return parseArgs({ args, options, allowPositionals: true });
  } catch (error) {
    throw new Usage(error.message);
  }
}

async function main(argv) {
  const { values, positionals: [verb, ...rest] } = parsed(argv);
  const verbs = { add, list, watch, calls, codec };
  const run = Object.hasOwn(verbs, verb ?? "") ? verbs[verb] : null;
  if (run === null || rest.length !== (run === add ? 1 : 0)) throw new Usage("a verb, and its arguments");
  if (run === codec) return codec();
  if (!values.commands || !values.events) throw new Usage("--commands and --events are needed");
  const curve = values["server-key"] ? await curveOf(values["server-key"], values.key) : {};
  const client = new Client({ commands: values.commands, events: values.events, curve });
  return run(client, values, ...rest);
}

try {
  await main(process.argv.slice(2));
  await new Promise((written) => process.stdout.write("", written)); // exit() would drop what a full pipe has not taken
  process.exit(0);
} catch (error) {
  console.error(error instanceof Usage ? `${error.message}\n${USAGE}` : error.message);
  process.exit(error instanceof Usage ? 2 : error instanceof Refused ? 1 : error instanceof NoAnswer ? 3 : 70);
}
