import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';

import { eventually, RawConnection, within } from '@ocelot/test-support';

/** Set in the run of a test file that {@link inOwnNetwork} started. */
const MARK = 'OCELOT_E2E_OWN_NETWORK';

/** Whether this process is in a network of its own, made for the test. */
export const IS_IN_OWN_NETWORK: boolean = process.env[MARK] !== undefined;

/** This user may make networks of his own, or is root. */
const UNSHARE: readonly [string, ...string[]] = [
  'unshare',
  '--net',
  ...(process.getuid?.() === 0 ? [] : ['--map-root-user']),
];
const PROBE = 'ip link add near type veth peer name far && ip neigh && nsenter --version';

/** Whether the system lets this user make networks (Linux, network namespaces, veth). */
export const CAN_HAVE_NETWORK: boolean =
  process.platform === 'linux' && run([...UNSHARE, 'sh', '-c', PROBE]).status === 0;

function run(command: readonly string[]): { readonly status: number | null; readonly output: string } {
  const [name = '', ...args] = command;
  const { status, stdout, stderr } = spawnSync(name, args, { encoding: 'utf8' });
  return { status, output: `${stdout}${stderr}` };
}

function must(line: string): void {
  const { status, output } = run(line.split(' '));
  if (status !== 0) throw new Error(`"${line}" ended with ${status}: ${output}`);
}

/** Runs the tests of one file again, in a network of their own: nothing of it is left behind. */
export async function inOwnNetwork(file: string): Promise<{ readonly code: number; readonly output: string }> {
  const root = join(import.meta.dirname, '../../../..');
  const vitest = join(root, 'node_modules/vitest/vitest.mjs');
  const [name, ...args] = UNSHARE;
  const tests = [process.execPath, vitest, 'run', '--project', 'tools', file];
  const child = spawn(name, [...args, ...tests], { cwd: root, env: { ...process.env, [MARK]: '1' } });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text) => (output += text));
  const [code] = (await once(child, 'close')) as [number];
  return { code, output };
}

const NEAR = '10.77.0.1';
const FAR = '10.77.0.2';
const FAR_LINK = '02:00:00:00:00:02';
const FAR_PORT = 9000;

/**
 * Joins connections of the far side with sockets of files, which are no part of a network: what is said to `client.sock`
 * goes out from the far side to the gateway; what comes to the far side's port goes to `backend.sock`.
 */
const RELAY = `
  const net = require('node:net');
  const [folder, gateway] = process.argv.slice(1);
  const join = (a, b) => { a.on('error', () => {}); b.on('error', () => {}); a.pipe(b); b.pipe(a); };
  net.createServer((near) => join(near, net.connect(gateway, '${NEAR}'))).listen(folder + '/client.sock');
  net.createServer((far) => join(far, net.connect(folder + '/backend.sock'))).listen(${FAR_PORT}, '${FAR}', () =>
    console.log('ready'));`;

/** The other side of a wire: a place for clients and backends, which can go away without a word. Only in an own network. */
export class FarSide {
  readonly host = FAR;
  readonly port: number = FAR_PORT;
  readonly #folder: string;
  readonly #holder: ChildProcess;
  readonly #backends: RawConnection[] = [];
  readonly #server: Server;
  #relay: ChildProcess | undefined;

  private constructor(folder: string, holder: ChildProcess) {
    this.#folder = folder;
    this.#holder = holder;
    this.#server = createServer({ allowHalfOpen: true }, (socket: Socket) => {
      this.#backends.push(new RawConnection(socket));
    }).listen(join(folder, 'backend.sock'));
  }

  /** Lays the wire. @param folder for its sockets. */
  static async make(folder: string): Promise<FarSide> {
    const holder = spawn('unshare', ['--net', 'sh', '-c', 'echo made; exec sleep 120'], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await once(holder.stdout, 'data');
    must('ip link set lo up');
    must(`ip link add near type veth peer name far address ${FAR_LINK} netns ${holder.pid}`);
    must(`ip addr add ${NEAR}/24 dev near`);
    must('ip link set near up');
    // Who is gone does not answer this question either; it is not what is tested.
    must(`ip neigh add ${FAR} lladdr ${FAR_LINK} dev near nud permanent`);
    const far = new FarSide(folder, holder);
    far.#there(`ip addr add ${FAR}/24 dev far`);
    far.#there('ip link set far up');
    return far;
  }

  /** Begins to relay, to a gateway that listens on every address. */
  async open(gatewayPort: number): Promise<void> {
    const args = [...this.#place, process.execPath, '-e', RELAY, this.#folder, String(gatewayPort)];
    const relay = spawn('nsenter', args, { stdio: ['ignore', 'pipe', 'inherit'] });
    this.#relay = relay;
    await within(once(relay.stdout, 'data'), 'the far side being ready');
  }

  /** A client over there. */
  async connect(): Promise<RawConnection> {
    const socket = connect({ path: join(this.#folder, 'client.sock'), allowHalfOpen: true });
    await within(once(socket, 'connect'), 'a client on the far side');
    return new RawConnection(socket);
  }

  /** The n-th connection of the gateway to the backend over there. */
  backend(index: number): Promise<RawConnection> {
    return eventually(() => this.#backends[index], 'the gateway reaching the far side');
  }

  /** From now on nobody is there: what is sent is lost, nothing answers, not even with RST. */
  vanish(): void {
    this.#there('ip addr flush dev far');
  }

  async close(): Promise<void> {
    for (const child of [this.#relay, this.#holder]) child?.kill('SIGKILL');
    for (const backend of this.#backends) backend.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  get #place(): readonly string[] {
    return [`--net=/proc/${this.#holder.pid}/ns/net`];
  }
  #there(line: string): void {
    must(`nsenter ${this.#place.join(' ')} ${line}`);
  }
}
