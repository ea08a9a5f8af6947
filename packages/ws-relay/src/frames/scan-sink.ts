import type { CloseFault, CloseStatus } from './close-codes.js';

/** Where a FrameScanner sends what it saw. Called from inside `push` and `notifyAt`, in stream order. */
export interface ScanSink {
  /**
   * Bytes that may go to the other side: whole frames, or a frame's valid header and a part of its payload. Valid
   * during the call only.
   */
  forward(bytes: Buffer): void;
  /** A valid Close frame, whole; the scanner drops what follows it (RFC 6455 §5.5.1). */
  closeFrame(frame: Buffer, status: CloseStatus): void;
  /** The next frame breaks a rule or a limit; nothing of it was forwarded, and the scanner drops what follows. */
  invalid(fault: CloseFault): void;
  /**
   * The boundary asked for by `FrameScanner.notifyAt` is reached: everything before it was forwarded, and a
   * control frame may be written now. The walk goes on behind it.
   */
  boundary(): void;
}

/** Looks at valid frames one by one, before anything of them is passed on. */
export interface FrameInspector {
  /**
   * Called with the header of a frame, for a Close when it is whole. May call `FrameScanner.notifyAt`.
   * @param first FIN, reserved bits and opcode, as on the wire.
   * @returns why the frame must not pass; the scanner then ends as with an invalid one.
   */
  inspect(first: number, payloadBytes: number): CloseFault | undefined;
}

/** Where something can be put into a stream: behind any frame, or behind the last frame of a message. */
export type Boundary = 'frame' | 'message';
