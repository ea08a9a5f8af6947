// Situation: something is wrong before the gateway can serve.
// Action: the command is run.
// Expected: one clear message that says what, where and what to do, and the exit code for that kind.
import { createServer } from 'node:net';
import { once } from 'node:events';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { freePort } from '../src/free-port.js';
import { ocelot, runOcelot, temporaryFolder } from '../src/run-ocelot.js';
import { type Refused, talk } from '../src/talk.js';

let folder: Awaited<ReturnType<typeof temporaryFolder>>;

beforeEach(async () => {
  folder = await temporaryFolder();
});

afterEach(() => folder.remove());

async function file(content: string | object, name = 'ocelot.json'): Promise<string> {
  const path = join(folder.path, name);
  await mkdir(folder.path, { recursive: true });
  await writeFile(path, typeof content === 'string' ? content : JSON.stringify(content));
  return path;
}

const route = {
  UpstreamPathTemplate: '/',
  DownstreamPathTemplate: '/ws',
  DownstreamScheme: 'ws',
  DownstreamHostAndPorts: [{ Host: '127.0.0.1', Port: 9 }],
};

describe('ocelot run', () => {
  it('says that the file is missing and how to make one, exit code 2', async () => {
    const { code, stderr } = await ocelot(['run'], { cwd: folder.path });
    expect(code).toBe(2);
    expect(stderr).toContain('ocelot.json does not exist');
    expect(stderr).toContain('ocelot init');
  });

  it('names line and column of a JSON error, exit code 2', async () => {
    const { code, stderr } = await ocelot(['run', await file('{\n  "Routes": [ }\n}')]);
    expect(code).toBe(2);
    expect(stderr).toMatch(/line 2, column \d+/);
  });

  it('reports all problems at once with their pointers, exit code 2', async () => {
    const bad = {
      Routes: [
        { ...route, DownstreamPathTemplate: 'ws' },
        { ...route, UpstreamPathTemplate: '/b', DownstreamHostAndPorts: [] },
      ],
    };
    const { code, stderr } = await ocelot(['run', await file(bad)]);
    expect(code).toBe(2);
    expect(stderr).toContain('ocelot.json#/Routes/0/DownstreamPathTemplate');
    expect(stderr).toContain('ocelot.json#/Routes/1');
  });

  it('names the registered types for an unknown load balancer, exit code 2', async () => {
    const { code, stderr } = await ocelot([
      'run',
      await file({ Routes: [{ ...route, LoadBalancerOptions: { Type: 'FastestFirst' } }] }),
    ]);
    expect(code).toBe(2);
    expect(stderr).toContain('"FastestFirst" is not registered');
    expect(stderr).toContain('RoundRobin');
  });

  it('names the registered types for an unknown discovery type, exit code 2', async () => {
    const { code, stderr } = await ocelot([
      'run',
      await file({
        Routes: [{ ...route, ServiceName: 'chat' }],
        GlobalConfiguration: { ServiceDiscoveryProvider: { Host: '127.0.0.1', Port: 1, Type: 'Zookeeper' } },
      }),
    ]);
    expect(code).toBe(2);
    expect(stderr).toContain('"Zookeeper" is not registered');
    expect(stderr).toContain('Consul');
  });

  it('says which port is taken, exit code 3', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    if (address === null || typeof address === 'string') throw new Error('no port');
    try {
      const { code, stderr } = await ocelot(['run', await file({ Routes: [route] }), '--port', String(address.port)]);
      expect(code).toBe(3);
      expect(stderr).toContain(String(address.port));
      expect(stderr).toContain('--port');
    } finally {
      server.close();
    }
  });

  it('starts without its registry, says so once, and answers 503 until it is there', async () => {
    const port = await freePort();
    const gateway = await runOcelot({
      Routes: [{ ...route, ServiceName: 'chat' }],
      GlobalConfiguration: { ServiceDiscoveryProvider: { Host: '127.0.0.1', Port: port, Type: 'Consul' } },
    });
    try {
      await expect(talk(`ws://${gateway.authority}/`)).rejects.toMatchObject({
        status: 503,
      } satisfies Partial<Refused>);
      const warnings = gateway
        .logs()
        .filter((line) => line.msg === 'discovery failed: the last known endpoints stay in force');
      expect(warnings).toHaveLength(1);
      expect(JSON.stringify(warnings)).toContain(String(port));
    } finally {
      expect(await gateway.stop()).toMatchObject({ code: 0 });
    }
  });

  it('exits with 1 under --require-discovery when the registry is away', async () => {
    const path = await file({
      Routes: [{ ...route, ServiceName: 'chat' }],
      GlobalConfiguration: {
        ServiceDiscoveryProvider: { Host: '127.0.0.1', Port: await freePort(), Type: 'Consul' },
      },
    });
    const { code, stderr } = await ocelot(['run', path, '--port', '0', '--require-discovery']);
    expect(code).toBe(1);
    expect(stderr).toContain('chat');
  });

  it('exits with 1 and one message when the configuration lies in a Consul that is away', async () => {
    const port = await freePort();
    const path = await file({
      Routes: [route],
      GlobalConfiguration: {
        ServiceDiscoveryProvider: { Host: '127.0.0.1', Port: port, Type: 'Consul', ConfigurationKey: 'gateway' },
      },
    });
    const { code, stderr } = await ocelot(['run', path, '--port', '0']);
    expect(code).toBe(1);
    expect(stderr).toContain(String(port));
  });
});

describe('ocelot validate', () => {
  it('prints every problem as JSON for machines, exit code 2', async () => {
    const { code, stdout } = await ocelot(['validate', '--json', await file({ Routes: [{}] })]);
    expect(code).toBe(2);
    const report = JSON.parse(stdout) as { issues: { kind: string; source: string }[] };
    expect(report.issues.map((issue) => issue.kind)).toEqual(
      expect.arrayContaining(['DownstreamPathEmpty', 'UpstreamPathEmpty', 'NoHosts']),
    );
  });

  it('passes a good file, exit code 0', async () => {
    expect(await ocelot(['validate', await file({ Routes: [route] })])).toMatchObject({ code: 0 });
  });
});

describe('ocelot', () => {
  it('answers an unknown command with the known ones, exit code 2', async () => {
    const { code, stderr } = await ocelot(['serve']);
    expect(code).toBe(2);
    expect(stderr).toContain("unknown command 'serve'");
  });
});
