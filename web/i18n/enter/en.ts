import type { Like } from '../../core/i18n';
import type { zhCN } from './zh-CN';

export const en: Like<typeof zhCN> = {
  email: 'Email',
  password: 'Password',
  signIn: 'Sign in',
  signingIn: 'Signing in…',
  needEmail: 'Enter your email address',
  needPassword: 'Enter your password',
  code: 'Code',
  codeHint: 'The six digits that your authenticator app shows, or one of your recovery codes',
  needCode: 'Enter the code',
  passwordWrong: 'The password is wrong: it is the one that you sign in with',
  codeWrong: 'The code is wrong or was used before. Wait for the next one and try again',
  wrong: 'Email or password is wrong. Please try again',
  tooOften: 'Too many attempts. Try again in {s} s',
  tls: 'Signing in needs a secure connection: open this page with its https address',
  failed: 'Could not sign in: {why}',
  expired: 'Your session has ended. Sign in again; what was not sent yet is kept on this computer',
  factorOff:
    'Signing in then asks for your password and for a code from your phone. Whoever learns your password alone cannot sign in.',
  factorOn: 'A second factor is on; {n} recovery codes are left. To turn it off, enter a code or a recovery code.',
  factorStart: 'Set it up',
  factorSecret: 'Add an account to your authenticator app and type this key:',
  factorOpen: 'Open in an authenticator on this device',
  factorConfirm: 'Then enter the six digits that it shows',
  factorEnable: 'Turn on',
  factorDisable: 'Turn off',
  factorRecovery:
    'The second factor is on. Should you lose your phone, each of these recovery codes signs you in once. They are shown only now; keep them safe:',
  factorDone: 'I have kept them',
  factorEnded: 'The second factor is off',
  factorFailed: 'That did not work: {why}',
};
