// What the review pages bring when it is first wanted, in one part.
export { Cards } from './Cards';
export { Checks } from './Checks';
export { Coaching } from './Coaching';
export { Figures } from './Figures';
export { Library } from './Library';
export { Notices } from './Notices';
export { Samples } from './Samples';
export { Work } from './Work';
