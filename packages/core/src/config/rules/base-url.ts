import { said } from '../in-use.js';
import type { FileRule } from './rule.js';

/** What a URL with scheme and host looks like; nothing that could end a header line. */
const URL_TEXT = /^https?:\/\/[^\s/?#@]+(\/[^\s?#]*)?$/i;
const HEADER_TEXT = /^[\x20-\x7e]*$/;

/** `{BaseUrl}` becomes part of headers and of redirects, so it has to be the address of something. */
export const baseUrl: FileRule = (context) => {
  const text = said(context.shared.BaseUrl);
  if (text === undefined || (URL_TEXT.test(text) && HEADER_TEXT.test(text))) return;
  const finding = {
    at: context.shared,
    key: 'BaseUrl',
    message: `BaseUrl ${JSON.stringify(text)} is no http or https URL; redirects that are made with it lead nowhere.`,
    hint: 'Write the public address of the gateway, such as https://api.example.com.',
  };
  if (HEADER_TEXT.test(text)) context.warn({ kind: 'SuspiciousBaseUrl', ...finding });
  else context.error({ kind: 'InvalidBaseUrl', ...finding });
};
