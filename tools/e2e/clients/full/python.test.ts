import { neededProgram } from '../src/needed-program.ts';
import { describePython } from '../src/specs/python.ts';
import { FULL_LAYOUTS } from '../src/stand.ts';

const python = await neededProgram('python');

for (const layout of FULL_LAYOUTS) describePython(python, layout);
