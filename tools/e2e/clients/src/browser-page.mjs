// What the browser's page does: served to it through the gateway, called from the tests by name.
//
// Each function resolves with what a user's own code would see, so that the tests can say it.

/** Messages and the end of a WebSocket, in the order of their coming. */
function listen(socket) {
  const messages = [];
  const waiting = [];
  socket.binaryType = 'arraybuffer';
  socket.addEventListener('message', ({ data }) => {
    const next = waiting.shift();
    if (next) next(data);
    else messages.push(data);
  });
  const closed = new Promise((resolve) => {
    socket.addEventListener('close', ({ code, reason, wasClean }) => resolve({ code, reason, wasClean }));
  });
  const next = () => (messages.length > 0 ? messages.shift() : new Promise((resolve) => waiting.push(resolve)));
  return { next, closed };
}

function opened(socket) {
  return new Promise((resolve, reject) => {
    socket.addEventListener('open', resolve);
    socket.addEventListener('close', ({ code }) => reject(new Error(`closed with ${code} before it was open`)));
  });
}

export async function talk(url, protocols, byteCount) {
  const socket = new WebSocket(url, protocols);
  const { next, closed } = listen(socket);
  await opened(socket);
  const greeting = JSON.parse(await next());
  socket.send('grüße 🚀');
  const text = await next();
  const sent = new Uint8Array(byteCount).map((_, index) => index % 251);
  socket.send(sent);
  const received = new Uint8Array(await next());
  const isSame = received.length === sent.length && received.every((byte, index) => byte === sent[index]);
  const { protocol, extensions } = socket;
  socket.close(4001, 'seen enough');
  return { greeting, text, isSame, protocol, extensions, closed: await closed };
}

/** Lets the server close. */
export async function beClosed(url, code, reason) {
  const socket = new WebSocket(url);
  const { closed } = listen(socket);
  await opened(socket);
  socket.send(`close ${code} ${reason}`);
  return closed;
}

/** How a handshake ends that is refused. */
export async function beRefused(url) {
  const socket = new WebSocket(url);
  const { closed } = listen(socket);
  const failed = new Promise((resolve) => socket.addEventListener('error', () => resolve(true)));
  return { failed: await failed, ...(await closed) };
}

/** Opens a WebSocket that stays, under a name; its first message. */
const kept = new Map();
export async function keep(name, url) {
  const socket = new WebSocket(url);
  const ears = listen(socket);
  kept.set(name, ears);
  await opened(socket);
  return JSON.parse(await ears.next());
}

/** How the WebSocket of that name ended. */
export function endOf(name) {
  return kept.get(name).closed;
}

/** The first `count` events of a stream; it connects again by itself when it is cut. */
export function events(url, count) {
  return new Promise((resolve) => {
    const source = new EventSource(url);
    const seen = [];
    source.addEventListener('message', ({ data, lastEventId }) => {
      seen.push({ data, lastEventId });
      globalThis.dispatchEvent(new CustomEvent('seen', { detail: seen.length }));
      if (seen.length < count) return;
      source.close();
      resolve(seen);
    });
  });
}

/** Reads a download as it comes, and asks the server for the next part only when it has the one before. */
export async function readInTurns(url, turns) {
  const response = await fetch(url);
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  const parts = [];
  for (let turn = 1; turn <= turns; turn += 1) {
    parts.push((await reader.read()).value);
    await fetch(`${url}?next`, { method: 'POST' });
  }
  const { done } = await reader.read();
  return { parts, done };
}

/** Uploads a stream: browsers do so over HTTP/2 only. */
export async function upload(url, parts) {
  const body = new ReadableStream({
    start(controller) {
      for (const part of parts) controller.enqueue(new TextEncoder().encode(part));
      controller.close();
    },
  });
  const response = await fetch(url, { method: 'POST', body, duplex: 'half' });
  return { status: response.status, text: await response.text() };
}

/** Who answers `count` requests, and a WebSocket after each. */
export async function visitors(count, webSocketUrl) {
  const names = [];
  for (let visit = 0; visit < count; visit += 1) {
    names.push(await (await fetch('/whoami')).text());
    const socket = new WebSocket(webSocketUrl);
    const { next, closed } = listen(socket);
    names.push(JSON.parse(await next()).name);
    socket.close();
    await closed;
  }
  return names;
}
