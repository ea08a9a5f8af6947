import type { Socket } from 'node:net';

/**
 * Ends a TCP connection with RST and nothing before it: what is queued is lost. `socket.resetAndDestroy()` is not
 * enough, because it ends the socket first (`destroySoon` in Node's net.js): FIN leaves, then RST, and a peer that
 * reads in between sees an orderly end.
 */
export function resetSocket(socket: Socket): void {
  if (socket.destroyed) return;
  // While a FIN is on its way out the system refuses a reset (uv_tcp_close_reset), and Node then forgets to close the
  // socket: it would stay open for good. It is destroyed instead.
  if (socket.connecting || (socket.writableEnded && !socket.writableFinished)) {
    socket.destroy();
    return;
  }
  // What `resetAndDestroy` sets for `_destroy`, in Node 18 to 26; there is no public way.
  (socket as Socket & { resetAndClosing: boolean }).resetAndClosing = true;
  socket.destroy();
}
