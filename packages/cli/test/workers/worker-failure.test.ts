import { ConfigError, GatewayError } from '@ocelot/core';
import { expect, it } from 'vitest';

import { CommandError } from '../../src/command-error.js';
import { describeFailure, revivedFailure } from '../../src/workers/worker-failure.js';

const onTheWay = (error: unknown): Error =>
  revivedFailure(JSON.parse(JSON.stringify(describeFailure(error))) as ReturnType<typeof describeFailure>);

it('brings every problem of a configuration to the other process', () => {
  const issue = { severity: 'error', kind: 'Hosts', source: 'ocelot.json#/Routes/0', message: 'no host.' } as const;
  const error = onTheWay(new ConfigError([issue]));
  expect(error).toBeInstanceOf(ConfigError);
  expect(error).toMatchObject({ issues: [issue] });
});

it('brings message, hint and exit code of a command error to the other process', () => {
  const error = onTheWay(new CommandError('Port 80 is taken.', 'Choose another one.', 3));
  expect(error).toBeInstanceOf(CommandError);
  expect(error).toMatchObject({ message: 'Port 80 is taken.', hint: 'Choose another one.', exitCode: 3 });
});

it('brings code and message of a gateway error to the other process', () => {
  const error = onTheWay(new GatewayError('OCELOT_ERR_CONFIG_INVALID', { message: 'The stage refuses.' }));
  expect(error).toMatchObject({ code: 'OCELOT_ERR_CONFIG_INVALID', message: 'The stage refuses.' });
});

it('brings the stack of what nobody foresaw to the other process', () => {
  const thrown = new TypeError('x is no function');
  expect(onTheWay(thrown)).toMatchObject({ message: 'x is no function', stack: thrown.stack });
  expect(onTheWay('text')).toMatchObject({ message: 'text' });
});
