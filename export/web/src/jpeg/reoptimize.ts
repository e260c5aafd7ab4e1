export function reoptimized(_jpeg: Uint8Array): Uint8Array<ArrayBuffer> | undefined { return undefined; }
