import type { JwtOptions } from '../providers/jwt-options.js';
import type { OptionReader } from '../providers/option-reader.js';
import type { ProviderContext } from '../providers/provider.js';
import type { FetchJsonOptions } from './fetch-json.js';
import { fetchIssuerMetadata } from './issuer-metadata.js';
import { isSafe } from './issuer-url.js';
import type { KeySource } from './key-source.js';
import { parseKeys } from './parse-keys.js';
import { type KeyLocation, type KeySet, RemoteKeySet, type RemoteKeySetOptions } from './remote-key-set.js';
import { errorText } from './secret-value.js';
import { keyFits, secretKey, type VerificationKey, type WantedKey } from './verification-key.js';
import { waitFor } from './wait-for.js';
import { WatchedFile } from './watched-file.js';

/**
 * Opens the keys of a `Jwt` provider. An issuer that is away does not stop the start: its keys are asked for in the
 * background, and again when they are needed.
 * @throws ConfigError when a file cannot be used.
 */
export async function openKeySource(
  options: JwtOptions,
  reader: OptionReader,
  context: ProviderContext,
): Promise<KeySource> {
  const { keys } = options;
  if (keys.kind === 'secret') {
    return keys.file === undefined ? fixed([secretKey(keys.secret)]) : watchedSecret(keys.file, reader, context);
  }
  if (keys.kind === 'file') return watched(keys.path, reader, context);
  const remote = new RemoteKeySet(remoteOptions(options, reader, context));
  if (context.isTrial !== true) remote.warmUp();
  return remote;
}

function fixed(keys: readonly VerificationKey[]): KeySource {
  return {
    find: (wanted) => ({ keys: keys.filter((key) => keyFits(key, wanted)), issuer: undefined }),
    close: () => {},
  };
}

async function watched(path: string, reader: OptionReader, { clock, log }: ProviderContext): Promise<KeySource> {
  try {
    const file = await WatchedFile.open({ path, parse: parseKeys, clock, log });
    return ofFile(file);
  } catch (error) {
    throw reader.fault('KeyFile', `cannot be used: ${errorText(error)}`, 'PEM, a JWK or a JWK Set of public keys.');
  }
}

/** A secret that leaked has to be replaced without a restart: its tokens are anybody's. */
async function watchedSecret(
  { path, read }: { readonly path: string; readonly read: (text: string) => Uint8Array },
  reader: OptionReader,
  { clock, log }: ProviderContext,
): Promise<KeySource> {
  try {
    return ofFile(await WatchedFile.open({ path, parse: (text) => [secretKey(read(text))], clock, log }));
  } catch (error) {
    throw reader.fault('SecretFile', `cannot be used: ${errorText(error)}`);
  }
}

function ofFile(file: WatchedFile<readonly VerificationKey[]>): KeySource {
  const select = (keys: readonly VerificationKey[], wanted: WantedKey): KeySet => {
    return { keys: keys.filter((key) => keyFits(key, wanted)), issuer: undefined };
  };
  return {
    find: (wanted, context) => {
      const keys = file.current();
      if (keys instanceof Promise) return waitFor(keys, context).then((read) => select(read, wanted));
      return select(keys, wanted);
    },
    close: () => {},
  };
}

function remoteOptions(
  { keys, issuers, cacheMs, coolDownMs, timeoutMs, maxBytes }: JwtOptions,
  reader: OptionReader,
  context: ProviderContext,
): RemoteKeySetOptions {
  const { clock, log } = context;
  const url = keys.kind === 'authority' || keys.kind === 'jwks' ? keys.url : '';
  const mayBePlain = !reader.flag('RequireHttps', true);
  const locate = async (fetching: FetchJsonOptions): Promise<KeyLocation> => {
    if (keys.kind !== 'authority') return { url, issuer: undefined };
    const { issuer, jwksUrl } = await fetchIssuerMetadata(url, issuers.length > 0, fetching);
    if (!mayBePlain && !(URL.canParse(jwksUrl) && isSafe(new URL(jwksUrl)))) {
      throw new Error(`The metadata of ${url} name keys that are not behind https.`);
    }
    return { url: jwksUrl, issuer };
  };
  return { clock, log, record: (event) => context.record(event), locate, cacheMs, coolDownMs, timeoutMs, maxBytes };
}
