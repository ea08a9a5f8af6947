import { neededProgram } from '../src/needed-program.ts';
import { describeAedes, describeMosquitto } from '../src/specs/mqtt.ts';
import { FULL_LAYOUTS, LAYOUTS } from '../src/stand.ts';

const mosquitto = await neededProgram('mosquitto');

for (const layout of FULL_LAYOUTS) describeAedes(layout);
for (const layout of LAYOUTS) describeMosquitto(mosquitto, layout);
