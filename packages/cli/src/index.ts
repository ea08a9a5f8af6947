// Public names: for `ocelot.config.mjs`, and for programs that run the command in their own process.
export { defineGateway, type GatewayDefinition } from './define-gateway.js';
export { EXIT_CODES, type ExitCode } from './exit-codes.js';
export { main } from './main.js';
export type { Output, Terminal, TerminalSignal } from './terminal.js';
