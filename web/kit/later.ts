// What the person's own menu brings when it is first wanted, in one part.
export { SecondFactor } from './SecondFactor';
export { sendScores } from './scores';
