import '../kit/tokens.css';
import './console.css';
import { render } from 'preact';
import { applyPrefs } from '../kit/prefs';
import { App } from './App';

applyPrefs();
render(<App />, document.body);
