/**
 * Where the last whole character ends: at most three bytes before the end, and at the end where those bytes are no beginning of a character,
 * so that bytes which are no UTF-8 pass as they are.
 */
export function endOfCharacters(bytes: Uint8Array, end = bytes.length): number {
  for (let back = 1; back <= Math.min(3, end); back++) {
    const byte = bytes[end - back] ?? 0;
    if (byte < 0x80) return end;
    if (byte < 0xc0) continue;
    const length = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : 2;
    return byte < 0xf8 && length > back ? end - back : end;
  }
  return end;
}
