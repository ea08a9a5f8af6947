/** Where log lines go. A pino logger fits as it is: fields first, then the message. */
export interface Logger {
  child(fields: object): Logger;
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}
