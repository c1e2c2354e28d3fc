// What the review pages bring when it is first wanted, in one part.
export { Checks } from './Checks';
export { Figures } from './Figures';
export { Samples } from './Samples';
export { Work } from './Work';
