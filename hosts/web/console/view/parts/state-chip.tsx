/** A state as icon and word, with what it means on hover; never colour alone. */
import type { FileInfo, Message } from '../../../../box/api/types.js';
import { fileWords, messageWords, type StateText } from '../../model/words.js';
import { Icon, type IconName } from './icon.js';

type Tone = 'good' | 'wait' | 'doubt' | 'bad';

const looks: Readonly<Record<Message['state'] | FileInfo['state'], readonly [Tone, IconName]>> = {
  queued: ['wait', 'clock'],
  delivered: ['good', 'check'],
  unknown: ['doubt', 'question'],
  refused: ['bad', 'cross'],
  received: ['good', 'in'],
  moving: ['wait', 'clock'],
  complete: ['good', 'check'],
  interrupted: ['doubt', 'pause'],
};

function Chip({ state, text }: { readonly state: keyof typeof looks; readonly text: StateText }) {
  const [tone, icon] = looks[state];
  return (
    <span class={`chip tone-${tone}`} title={text.help}>
      <Icon name={icon} />
      {text.word}
    </span>
  );
}

export const MessageState = ({ state }: { readonly state: Message['state'] }) => <Chip state={state} text={messageWords[state]} />;

export const FileState = ({ file }: { readonly file: FileInfo }) => <Chip state={file.state} text={fileWords(file)} />;
