import type { Writable } from 'node:stream';

import * as ws from 'ws';

/** Exported by ws, but missing in its types. */
const { Receiver } = ws as unknown as { readonly Receiver: new (options: object) => Writable };

/** What the receiver of the ws package makes of a stream. */
export interface ReceiverVerdict {
  readonly isValid: boolean;
  /** Code and reason of the Close frame it met; 1005 when that was empty. */
  readonly close: { readonly code: number; readonly reason: string } | undefined;
  readonly messages: number;
}

/** An extension that may use RSV1 and leaves payloads alone: what is compared is framing. */
const DEFLATE = {
  'permessage-deflate': {
    decompress(data: Buffer, _isLast: boolean, done: (error: null, data: Buffer) => void): void {
      // As zlib does, it answers later.
      setImmediate(() => done(null, data));
    },
  },
};

/** Lets ws read a stream as a server (masked frames) or as a client. */
export function receive(
  stream: Buffer,
  options: { readonly isServer: boolean; readonly deflate: boolean },
): Promise<ReceiverVerdict> {
  const receiver = new Receiver({
    isServer: options.isServer,
    // A walk over headers does not see the text of messages.
    skipUTF8Validation: true,
    extensions: options.deflate ? DEFLATE : {},
  });
  let close: ReceiverVerdict['close'];
  let messages = 0;
  receiver.on('message', () => (messages += 1));
  receiver.on('conclude', (code: number, reason: Buffer) => (close = { code, reason: reason.toString() }));
  return new Promise((resolve) => {
    receiver.on('error', () => resolve({ isValid: false, close, messages }));
    // The receiver unmasks in place.
    receiver.write(Buffer.from(stream), (error) => {
      if (error === null || error === undefined) resolve({ isValid: true, close, messages });
    });
  });
}
