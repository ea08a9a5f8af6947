export {
  TestConsul,
  consulAvailable,
  startConsul,
  type CheckState,
  type ConsulAnswer,
  type ConsulOptions,
  type ConsulService,
} from './consul.js';
export { eventually, PATIENCE_MS, within } from './deadline.js';
export { duplexPair } from './duplex-pair.js';
export { echoBackend, type EchoBackend, type EchoBackendOptions, type EchoRequest } from './echo-backend.js';
export {
  randomFaultPlan,
  type Fault,
  type FaultPlan,
  type RandomPlanOptions,
  type Way,
  type WayShape,
} from './fault-plan.js';
export { faultRelay, type FaultRelay, type FaultRelayOptions } from './fault-relay.js';
export { RelayedConnection } from './fault-relay-connection.js';
export {
  closeFrame,
  closePayload,
  decodeFrame,
  decodeFrames,
  encodeFrame,
  OPCODE,
  readClose,
  type Frame,
  type FrameParts,
} from './frames.js';
export { Http2Client, http2Client, Http2Socket, type ConnectOptions } from './http2-client.js';
export { parseHead, readHttpBody, type RawHead } from './http-text.js';
export { collectLeaks, type LeakWatch } from './leaks.js';
export { rawClient, RawClient, type RawClientOptions } from './raw-client.js';
export {
  connectFields,
  H2,
  H2_CODE,
  H2_FLAG,
  headerBlock,
  rawHttp2,
  RawHttp2,
  resetCode,
  statusOf,
  type Http2Frame,
  type RawHttp2Options,
} from './raw-http2.js';
export { RawConnection, type ConnectionEnd } from './raw-connection.js';
export { BackendConnection, scriptedBackend, type BackendScript, type ScriptedBackend } from './scripted-backend.js';
export { redisAvailable, type RedisOptions, startRedis, TestRedis } from './redis.js';
export { resetSocket } from './reset-socket.js';
export { seededRandom, type SeededRandom } from './seeded-random.js';
export { acceptOf, SAMPLE_KEY, switchingHead, upgradeHead, type UpgradeHeadOptions } from './upgrade-head.js';
export { TEST_CERTIFICATE } from './test-certificate.js';
export { TestAuthority, type CertificateRequest, type IssuedCertificate } from './test-authority.js';
