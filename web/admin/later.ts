// The views that come when one of them is first opened.
export { Blocks, Keys } from './Access';
export { Embed } from './Embed';
export { Portable } from './Portable';
export { Templates } from './Templates';
export { inWords } from './wrong';
