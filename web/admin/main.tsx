import '../kit/tokens.css';
import '../kit/staff.css';
import './admin.css';
import { render } from 'preact';
import { applyPrefs } from '../kit/prefs';
import { App } from './App';

applyPrefs();
render(<App />, document.body);
