import { constants, type OutgoingHttpHeaders, type ServerHttp2Stream } from 'node:http2';

import { Leg, type LegReceiver } from './leg.js';

const { NGHTTP2_CANCEL, NGHTTP2_NO_ERROR } = constants;

/**
 * The leg of a WebSocket over HTTP/2: one stream of a connection that carries others as well (RFC 8441 §5). FIN is
 * END_STREAM, RST is RST_STREAM with CANCEL; while it is paused the client gets no WINDOW_UPDATE for it. Nothing that
 * is done to it touches the connection.
 */
export class StreamLeg extends Leg {
  readonly #stream: ServerHttp2Stream;

  constructor(stream: ServerHttp2Stream, receiver: LegReceiver) {
    super(stream, receiver, false);
    this.#stream = stream;
  }

  /** Whether the client can be answered: it is there, also if the stream has not told otherwise yet, and was not. */
  get canRespond(): boolean {
    return !this.#stream.closed && !this.isClosed && !this.#stream.headersSent;
  }

  /** Sends the HEADERS of the answer: while `canRespond`, and before anything is written. */
  respond(headers: OutgoingHttpHeaders, endStream: boolean): void {
    this.#stream.respond(headers, { endStream });
  }

  /** What was sent is safe, so a client that does not end its side is asked to stop (RFC 9113 §8.1). */
  override hangUp(): void {
    this.finish();
    const stream = this.#stream;
    if (stream.writableFinished) stream.close(NGHTTP2_NO_ERROR);
    else stream.once('finish', () => stream.close(NGHTTP2_NO_ERROR));
  }

  /**
   * After everything was sent the client is only asked to stop (RFC 9113 §8.1); before, it must not take what it has
   * for the whole.
   */
  override destroy(): void {
    this.#stream.close(this.#stream.writableFinished ? NGHTTP2_NO_ERROR : NGHTTP2_CANCEL);
    super.destroy();
  }

  /** Node lets a stream end that was reset as well; what follows is its close, and that is all that happened. */
  override socketEnded(): void {
    if (this.#stream.aborted || this.#stream.rstCode !== NGHTTP2_NO_ERROR) return;
    super.socketEnded();
  }
}
