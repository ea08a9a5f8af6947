import { type CloseFault, type CloseStatus, readClosePayload } from './close-codes.js';
import { headerSize } from './frame-header.js';
import { masked } from './mask.js';

/** What a whole Close frame says (RFC 6455 §5.5.1), or which rule it breaks. */
export function readCloseFrame(frame: Buffer, isMasked: boolean): CloseStatus | CloseFault {
  const headerEnd = headerSize(frame[1] ?? 0);
  const payload = frame.subarray(headerEnd);
  return readClosePayload(isMasked ? masked(payload, frame.subarray(headerEnd - 4, headerEnd)) : payload);
}
