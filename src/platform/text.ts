import { isUtf8 } from 'node:buffer';

/** What Windows-1252 has in place of the control codes from 0x80 on. Node's own decoder leaves those there in many releases. */
const WINDOWS = '€\u0081‚ƒ„…†‡ˆ‰Š‹Œ\u008dŽ\u008f\u0090‘’“”•–—˜™š›œ\u009džŸ';

/** Text of bytes: UTF-8, and each line that is none read as Windows-1252, of which Latin-1 is a part. */
export function decodeText(bytes: Buffer): string {
  if (isUtf8(bytes)) return bytes.toString('utf8');
  const lines = bytes.toString('latin1').split('\n');
  return lines.map((line) => decodeLine(line)).join('\n');
}

/** `line` has a character for each byte. */
function decodeLine(line: string): string {
  const bytes = Buffer.from(line, 'latin1');
  if (isUtf8(bytes)) return bytes.toString('utf8');
  return line.replace(/[\x80-\x9f]/g, (sign) => WINDOWS[sign.charCodeAt(0) - 0x80] ?? sign);
}
