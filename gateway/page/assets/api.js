// Requests to the gateway. All paths are relative, so that the page works below any path of a reverse proxy.

/** A request that was refused, or not answered. `status` is 0 without an answer. */
export class Failure extends Error {
  constructor(message, status) {
    super(message);
    this.status = status;
  }
}

let onLoggedOut = () => {};

/** Sets the function that is called when the session has ended. */
export function whenLoggedOut(call) {
  onLoggedOut = call;
}

/** Returns the JSON of an answer. Throws Failure. */
export async function get(path) {
  return request(path, {});
}

/** Posts JSON, and returns the JSON of the answer. Throws Failure. */
export async function post(path, body) {
  return request(path, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body),
  });
}

/** Posts a form with files. Throws Failure. */
export async function upload(path, form) {
  return request(path, { method: "POST", body: form });
}

/** Begins a session. Returns an empty text, or why there is none. */
export async function logIn(username, password) {
  const body = new URLSearchParams({ username, password });
  const response = await reached("api/v2/auth/login", { method: "POST", body });
  const text = await response.text();
  if (response.ok && text === "Ok.") return "";
  return response.ok ? "The name or the password is wrong." : text;
}

/** Ends the session. */
export async function logOut() {
  await reached("api/v2/auth/logout", { method: "POST" });
}

async function request(path, options) {
  const response = await reached(path, options);
  if (response.ok) return response.json();
  const text = await response.text();
  if (response.status === 403 || response.status === 401) onLoggedOut();
  throw new Failure(message(text) || `The gateway answered ${response.status}.`, response.status);
}

async function reached(path, options) {
  try {
    return await fetch(path, { credentials: "same-origin", ...options });
  } catch {
    throw new Failure("The gateway does not answer.", 0);
  }
}

function message(text) {
  try {
    return JSON.parse(text).error.message;
  } catch {
    return text.trim();
  }
}
