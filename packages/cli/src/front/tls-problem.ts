/** A file of a TLS section that cannot be used: which key names it, what is wrong, what to do. */
export class TlsProblem extends Error {
  override readonly name: string = 'TlsProblem';
  /** The key that names the file: `CertFile`, `KeyFile`, `CaFile`. */
  readonly key: TlsFileKey;
  readonly hint: string | undefined;

  constructor(key: TlsFileKey, message: string, hint?: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.key = key;
    this.hint = hint;
  }
}

/** A key of `Tls`, `Tls.Certificates[]` or `BackendTls` that names a file. */
export type TlsFileKey = 'CertFile' | 'KeyFile' | 'CaFile';
