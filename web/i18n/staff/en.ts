import type { Like } from '../../core/i18n';
import type { zhCN } from './zh-CN';

export const en: Like<typeof zhCN> = {
  language: 'Language',
  welcome: 'Sign in with your work account',
  email: 'Email',
  password: 'Password',
  signIn: 'Sign in',
  signingIn: 'Signing in…',
  signOut: 'Sign out',
  needEmail: 'Enter your email address',
  needPassword: 'Enter your password',
  wrong: 'Email or password is wrong. Please try again',
  tooOften: 'Too many attempts. Try again in {s} s',
  tls: 'Signing in needs a secure connection: open this page with its https address',
  unreachable: 'The server cannot be reached. Check the network and try again',
  failed: 'Could not sign in: {why}',
  expired: 'Your session has ended. Sign in again; what was not sent yet is kept on this computer',
  chooseSite: 'Choose a site',
  forbidden: 'No access',
  needsRole: 'This page needs the role “{role}”. Please ask an administrator',
  role_agent: 'Agent',
  role_supervisor: 'Supervisor',
  role_reviewer: 'Reviewer',
  role_admin: 'Administrator',
  listComma: ', ',
  listOr: ' or ',
};
