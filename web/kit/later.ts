// What signing in and the person's own menu bring when they are first wanted, in one part.
export { SecondFactor } from './SecondFactor';
export { SignInForm } from './SignInForm';
export { sendScores } from './scores';
