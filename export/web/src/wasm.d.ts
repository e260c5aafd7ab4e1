/** The bytes of the file, which esbuild puts into the script. */
declare module "*.wasm" {
  const content: Uint8Array<ArrayBuffer>;
  export default content;
}
